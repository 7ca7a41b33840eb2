import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

import { describe, expect, test } from 'vitest';

import { sourcesFolder } from '../../src/sources/store.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { MIRROR, OWN, expectStored, fetchFrom, md5File, published } from '../helpers/fetching.js';
import { type Handler, type Route, TestServer } from '../helpers/http-server.js';
import { RECORDS, type TestRecord, statisticsText } from '../helpers/statistics-text.js';

const US: TestRecord = { cc: 'US', start: '9.0.0.0', value: 2 ** 20 };
/** Only KR and JP are in use: that the US is gone from every later file is nobody's business. */
const OLD = statisticsText({ serial: '20260601', records: [...RECORDS, US] });
const NEW = statisticsText({ serial: '20260602' });

const kr = (start: string, value: number): TestRecord => ({ cc: 'KR', start, value });
/** KR has 65536 IPv4 addresses in OLD. */
const withoutKr = RECORDS.filter(({ cc, start }) => cc !== 'KR' || start.includes(':'));
const KR_FALLS = [kr('1.16.0.0', 58_982), ...withoutKr];
const KR_STILL_HOLDS = [kr('1.16.0.0', 58_983), ...withoutKr];
const KR_RISES = [kr('1.16.0.0', 81_921), ...withoutKr];
const KR_STILL_GROWS = [kr('1.16.0.0', 81_920), ...withoutKr];
const KR_FALLS6 = [...RECORDS.slice(0, 3), kr('2001:220::', 33), ...RECORDS.slice(4)];

/** Sends this again and again until the client goes away. */
const endlessly =
  (piece: string, everyMs: number): Handler =>
  (_request, response) => {
    const timer = setInterval(() => response.write(piece), everyMs);
    response.on('close', () => {
      clearInterval(timer);
    });
  };
const stallAfter =
  (start: (response: ServerResponse) => void): Handler =>
  (_request, response) => {
    start(response);
  };

const MONDAY = 'Mon, 01 Jun 2026 10:00:00 GMT';
const TUESDAY = 'Tue, 02 Jun 2026 10:00:00 GMT';

interface Row {
  name: string;
  routes: Record<string, Route>;
  /** Whether there is a mirror to go to. */
  mirror?: true;
  outcome: 'updated' | 'unchanged' | 'refused' | 'unreachable';
  /** What the user is told, behind `apnic OUTCOME: ` and before `; the file of … stays`. */
  message?: string | RegExp;
  /** It is the last good file that makes it a fault; without one the file is taken. */
  compared?: true;
  notes?: string[];
  /** How often the own file was asked for, where that matters. */
  requests?: number;
}

const STALLED = 'HOST: stalled: nothing came for 0.4 s';
const CLOSED = 'HOST: connection closed before the end of the file';
const NO_END = 'HOST: found a last line without its end; expected a whole file';
const TOO_LARGE = 'HOST: the file is larger than 65536 bytes';
const ADVICE = 'if that is right: sekisho fetch --accept apnic';
const HTML = '<!DOCTYPE html>\n<html><body>Please log in</body></html>\n';
const HTML_FOUND =
  'HOST: line 1: found <!DOCTYPE html>; expected a header line 2|registry|serial|records|startdate|enddate|offset';
const MD5_WRONG =
  /^(HOST: found md5 [0-9a-f]{32}; expected [0-9a-f]{32}, which its .md5 file says(; (?=HOST)|$))+$/;

const FAULTS: Row[] = [
  {
    name: 'body ends before Content-Length, the connection closes',
    routes: {
      [OWN]: (_request, response) => {
        response.writeHead(200, { 'content-length': NEW.length });
        response.write(NEW.slice(0, 200), () => response.socket?.end());
      },
    },
    outcome: 'unreachable',
    message: CLOSED,
    requests: 2,
  },
  {
    name: 'body ends before Content-Length, the connection stays',
    routes: { [OWN]: { body: NEW.slice(0, 200), headers: { 'content-length': '900' } } },
    outcome: 'unreachable',
    message: STALLED,
    requests: 2,
  },
  {
    name: 'body ends in the middle of a line, as if whole',
    routes: published(OWN, NEW.slice(0, -30)),
    outcome: 'refused',
    message: NO_END,
    requests: 2,
  },
  {
    name: 'body ends at the end of a line, as if whole',
    routes: published(OWN, NEW.split('\n').slice(0, -2).join('\n') + '\n'),
    outcome: 'refused',
    message: 'HOST: found 1 ipv6 records; expected 2, which the summary line promises',
  },
  {
    name: 'body cut, then whole',
    routes: { ...published(OWN, NEW), [OWN]: [{ body: NEW.slice(0, -30) }, { body: NEW }] },
    outcome: 'updated',
    requests: 2,
  },
  {
    name: 'an empty body',
    routes: { [OWN]: { body: '' } },
    outcome: 'refused',
    message: 'HOST: found an empty file; expected a statistics file',
  },
  {
    name: "another registry's file",
    routes: published(OWN, statisticsText({ registry: 'ripencc', serial: '1780358399' })),
    outcome: 'refused',
    message: 'HOST: found registry "ripencc"; expected one of apnic in the header',
  },
  {
    name: "another registry's file, the right one on the mirror",
    mirror: true,
    routes: {
      ...published(OWN, statisticsText({ registry: 'arin' })),
      ...published(MIRROR, NEW),
    },
    outcome: 'updated',
    notes: ['HOST: found registry "arin"; expected one of apnic in the header'],
  },
  {
    name: 'HTML with status 200, for the md5 too',
    routes: { [OWN]: { body: HTML }, [`${OWN}.md5`]: { body: HTML } },
    outcome: 'refused',
    message: HTML_FOUND,
  },
  {
    name: 'HTML instead of the md5 only',
    routes: { [OWN]: { body: NEW }, [`${OWN}.md5`]: { body: HTML } },
    outcome: 'refused',
    message: 'HOST: found no digest in its .md5 file; expected one md5',
  },
  {
    name: 'header and summaries only',
    routes: published(OWN, statisticsText({ serial: '20260602', records: [] })),
    outcome: 'refused',
    message: 'HOST: found no address records; expected some',
  },
  {
    name: 'md5 of another file, then the right one',
    routes: {
      [OWN]: { body: NEW },
      [`${OWN}.md5`]: [{ body: md5File(OLD) }, { body: md5File(NEW) }],
    },
    outcome: 'updated',
    requests: 2,
  },
  {
    name: 'md5 of another file, everywhere',
    mirror: true,
    routes: {
      ...published(OWN, NEW),
      ...published(MIRROR, NEW),
      [`${OWN}.md5`]: { body: md5File(OLD) },
      [`${MIRROR}.md5`]: { body: md5File(OLD) },
    },
    outcome: 'refused',
    message: MD5_WRONG,
    requests: 2,
  },
  {
    name: 'md5 of another file, not on the mirror',
    mirror: true,
    routes: {
      ...published(OWN, NEW),
      ...published(MIRROR, NEW),
      [`${OWN}.md5`]: { body: md5File(OLD) },
    },
    outcome: 'updated',
    requests: 2,
  },
  {
    name: 'md5 of another file, older than the file',
    routes: {
      [OWN]: { body: NEW, headers: { 'last-modified': TUESDAY } },
      [`${OWN}.md5`]: { body: md5File(OLD), headers: { 'last-modified': MONDAY } },
    },
    outcome: 'updated',
    notes: [`HOST: its md5 is of ${MONDAY}, older than the file, and of another one`],
    requests: 2,
  },
  {
    name: 'md5 of another file, newer than the file',
    routes: {
      [OWN]: { body: NEW, headers: { 'last-modified': MONDAY } },
      [`${OWN}.md5`]: { body: md5File(OLD), headers: { 'last-modified': TUESDAY } },
    },
    outcome: 'refused',
    message: MD5_WRONG,
  },
  {
    name: 'md5 older than the file, which loses too much',
    routes: {
      [OWN]: {
        body: statisticsText({ serial: '20260602', records: KR_FALLS }),
        headers: { 'last-modified': TUESDAY },
      },
      [`${OWN}.md5`]: { body: md5File(OLD), headers: { 'last-modified': MONDAY } },
    },
    compared: true,
    outcome: 'refused',
    message: `HOST: KR would lose 10 % of its IPv4 addresses (limit 10 %); ${ADVICE}`,
  },
  {
    name: 'no md5',
    routes: { [OWN]: { body: NEW } },
    outcome: 'updated',
    notes: ['HOST has no md5 of it'],
  },
  {
    name: 'the md5 cannot be had',
    routes: { [OWN]: { body: NEW }, [`${OWN}.md5`]: { status: 503 } },
    outcome: 'unreachable',
    message: 'HOST: HTTP status 503',
  },
  {
    name: 'serial goes back',
    routes: published(OWN, statisticsText({ serial: '20260531' })),
    compared: true,
    outcome: 'refused',
    message: `HOST: its serial goes back from 20260601 to 20260531; ${ADVICE}`,
    requests: 1,
  },
  {
    name: 'the same serial, other content',
    routes: published(OWN, statisticsText({ serial: '20260601', records: KR_STILL_HOLDS })),
    outcome: 'unchanged',
  },
  {
    name: 'own server away, an older copy on the mirror',
    mirror: true,
    routes: {
      [OWN]: { status: 503 },
      ...published(MIRROR, statisticsText({ serial: '20260531' })),
    },
    outcome: 'unchanged',
    notes: ['HOST: HTTP status 503', 'HOST has nothing newer than 20260601'],
  },
  {
    name: 'own file damaged, an older copy on the mirror',
    mirror: true,
    routes: {
      ...published(OWN, NEW.slice(0, -30)),
      ...published(MIRROR, statisticsText({ serial: '20260531' })),
    },
    compared: true,
    outcome: 'refused',
    message: NO_END,
  },
  {
    name: 'own file damaged, the last good one on the mirror',
    mirror: true,
    routes: { ...published(OWN, HTML), ...published(MIRROR, OLD) },
    outcome: 'refused',
    compared: true,
    message: HTML_FOUND,
  },
  {
    name: 'own server away, the last good one on the mirror',
    mirror: true,
    routes: { ...published(MIRROR, OLD) },
    outcome: 'unchanged',
    notes: ['HOST: HTTP status 404'],
  },
  {
    name: 'a country loses more than a tenth',
    routes: published(OWN, statisticsText({ serial: '20260602', records: KR_FALLS })),
    compared: true,
    outcome: 'refused',
    message: `HOST: KR would lose 10 % of its IPv4 addresses (limit 10 %); ${ADVICE}`,
  },
  {
    name: 'a country loses just less than a tenth',
    routes: published(OWN, statisticsText({ serial: '20260602', records: KR_STILL_HOLDS })),
    outcome: 'updated',
  },
  {
    name: 'a country loses half of its IPv6 addresses',
    routes: published(OWN, statisticsText({ serial: '20260602', records: KR_FALLS6 })),
    compared: true,
    outcome: 'refused',
    message: `HOST: KR would lose 50 % of its IPv6 addresses (limit 10 %); ${ADVICE}`,
  },
  {
    name: 'a country gains more than a quarter',
    routes: published(OWN, statisticsText({ serial: '20260602', records: KR_RISES })),
    compared: true,
    outcome: 'refused',
    message: `HOST: KR would gain 25 % of its IPv4 addresses (limit 25 %); ${ADVICE}`,
  },
  {
    name: 'a country gains a quarter',
    routes: published(OWN, statisticsText({ serial: '20260602', records: KR_STILL_GROWS })),
    outcome: 'updated',
  },
  {
    name: 'a country that is not in use vanishes',
    routes: published(OWN, NEW),
    outcome: 'updated',
  },
  {
    name: '404',
    routes: {},
    outcome: 'unreachable',
    message: 'HOST: HTTP status 404',
    requests: 1,
  },
  {
    name: '403, then the mirror',
    mirror: true,
    routes: { [OWN]: { status: 403 }, ...published(MIRROR, NEW) },
    outcome: 'updated',
    notes: ['HOST: HTTP status 403'],
    requests: 1,
  },
  {
    name: '5xx, then fine',
    routes: { ...published(OWN, NEW), [OWN]: [{ status: 503 }, { body: NEW }] },
    outcome: 'updated',
    requests: 2,
  },
  {
    name: '5xx for good',
    routes: { [OWN]: { status: 500 } },
    outcome: 'unreachable',
    message: 'HOST: HTTP status 500',
    requests: 2,
  },
  {
    name: '429 that asks for a second',
    routes: {
      ...published(OWN, NEW),
      [OWN]: [{ status: 429, headers: { 'retry-after': '1' } }, { body: NEW }],
    },
    outcome: 'updated',
    requests: 2,
  },
  {
    name: '429 that asks for an hour',
    routes: { [OWN]: { status: 429, headers: { 'retry-after': '3600' } } },
    outcome: 'unreachable',
    message: 'HOST: HTTP status 429, retry after 3600 s',
    requests: 1,
  },
  {
    name: '304 that nobody asked for',
    mirror: true,
    routes: { [OWN]: { status: 404 }, [MIRROR]: { status: 304 } },
    outcome: 'unreachable',
    message: 'HOST: HTTP status 404; HOST: HTTP status 304',
  },
  {
    name: 'stalled in the headers',
    routes: { [OWN]: stallAfter(() => undefined) },
    outcome: 'unreachable',
    message: 'HOST: stalled: nothing came for 0.8 s',
    requests: 2,
  },
  {
    name: 'stalled in the body, then fine',
    routes: {
      ...published(OWN, NEW),
      [OWN]: [stallAfter((response) => response.write(NEW.slice(0, 99))), { body: NEW }],
    },
    outcome: 'updated',
    requests: 2,
  },
  {
    name: 'a drop now and then, without end',
    routes: { [OWN]: endlessly('#', 50) },
    outcome: 'unreachable',
    message: 'HOST: not done within 2 s',
    requests: 1,
  },
  {
    name: 'much, without end',
    routes: { [OWN]: endlessly('# more\n'.repeat(1000), 1) },
    outcome: 'refused',
    message: TOO_LARGE,
    requests: 1,
  },
  {
    name: 'a gzip bomb',
    routes: {
      [OWN]: {
        body: gzipSync(Buffer.alloc(2 ** 26)),
        headers: { 'content-encoding': 'gzip' },
      },
    },
    outcome: 'refused',
    message: TOO_LARGE,
    requests: 1,
  },
  {
    name: 'a gzip stream that ends early',
    routes: {
      [OWN]: {
        body: gzipSync(NEW).subarray(0, 100),
        headers: { 'content-encoding': 'gzip' },
      },
    },
    outcome: 'unreachable',
    message: 'HOST: the gzip stream ends early',
  },
  {
    name: 'noise that is called gzip',
    routes: { [OWN]: { body: randomBytes(500), headers: { 'content-encoding': 'gzip' } } },
    outcome: 'unreachable',
    message: 'HOST: the gzip stream is damaged',
  },
  {
    name: 'an encoding that was not asked for',
    routes: { [OWN]: { body: 'x', headers: { 'content-encoding': 'br' } } },
    outcome: 'unreachable',
    message: 'HOST: content encoding br, which was not asked for',
  },
  {
    name: 'a redirect that leads to itself',
    routes: { [OWN]: { status: 302, headers: { location: OWN } } },
    outcome: 'unreachable',
    message: 'HOST: more than 5 redirects',
    requests: 6,
  },
  {
    name: 'a redirect to the file',
    routes: { [OWN]: { status: 301, headers: { location: '/new' } }, '/new': { body: NEW } },
    outcome: 'updated',
    notes: ['HOST has no md5 of it'],
  },
  {
    name: 'a redirect to nowhere',
    routes: { [OWN]: { status: 302, headers: { location: 'file:///etc/passwd' } } },
    outcome: 'unreachable',
    message: 'HOST: redirects to "file:///etc/passwd"',
  },
  {
    name: 'a reset connection',
    routes: { [OWN]: (request) => request.socket.resetAndDestroy() },
    outcome: 'unreachable',
    message: 'HOST: connection reset',
    requests: 2,
  },
  {
    name: 'no HTTP',
    routes: { [OWN]: (request) => request.socket.end('220 ftp ready\r\n') },
    outcome: 'unreachable',
    message: 'HOST: the answer is no HTTP',
  },
];

const pathsOf = ({ mirror }: Row): string[] => (mirror ? [OWN, MIRROR] : [OWN]);
const isFine = ({ outcome }: Row): boolean => outcome === 'updated' || outcome === 'unchanged';

describe('with a last good file', () => {
  test.each(FAULTS)('$outcome: $name', async (row) => {
    const state = await temporaryFolder();
    const server = await TestServer.start(published(OWN, OLD));
    expect((await fetchFrom(server, state)).outcome).toBe('updated');
    server.restart(row.routes);

    const { outcome, exitCode, message, notes, lines } = await fetchFrom(
      server,
      state,
      pathsOf(row),
    );

    expect(outcome).toBe(row.outcome);
    if (isFine(row)) {
      expect({ exitCode, lines, message }).toEqual({ exitCode: 0, lines: [], message: '' });
    } else {
      expect(exitCode).toBe(3);
      expect(message).toMatch(exactly(row.message));
      expect(lines).toEqual([`apnic ${outcome}: ${message}; the file of 20260601 stays`]);
    }
    if (row.notes) expect(notes).toEqual(row.notes);
    if (row.requests !== undefined) expect(server.count(OWN)).toBe(row.requests);
    expectStored(state, row.outcome === 'updated' ? lastFile(row) : OLD);
  });
});

describe('with no last good file', () => {
  test.each(FAULTS.filter((row) => !isFine(row) && !row.compared))(
    '$outcome: $name',
    async (row) => {
      const server = await TestServer.start(row.routes);
      const state = await temporaryFolder();
      const limits = { tries: 1 };
      const { outcome, exitCode, lines, message } = await fetchFrom(server, state, pathsOf(row), {
        limits,
      });
      expect({ outcome, exitCode }).toEqual({ outcome: row.outcome, exitCode: 1 });
      expect(lines).toEqual([`apnic ${outcome}: ${message}; there is no older file`]);
      expect(fs.readdirSync(sourcesFolder(state))).toEqual([]);
    },
  );
});

function exactly(message: string | RegExp | undefined): RegExp {
  if (message instanceof RegExp) return message;
  if (message === undefined) throw new Error('a row of the table says no message');
  return new RegExp(`^${message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}

/** The file that the server has in the end: its last answer, on the mirror where there is one. */
function lastFile({ name, routes }: Row): string {
  for (const path of ['/new', MIRROR, OWN]) {
    const route = routes[path];
    const reply: unknown = Array.isArray(route) ? route.at(-1) : route;
    if (typeof reply === 'object' && reply !== null && 'body' in reply) return String(reply.body);
  }
  throw new Error(`${name}: no file among the routes`);
}
