import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';

import {
  type FetchOptions,
  exitCodeOf,
  faultLines,
  fetchRegistries,
} from '../../src/sources/fetch.js';
import { readStored, storedPath } from '../../src/sources/store.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { type Reply, type Route, TestServer } from '../helpers/http-server.js';
import { RECORDS, type TestFile, statisticsText } from '../helpers/statistics-text.js';

const OWN = '/stats/delegated-apnic';
const MIRROR = '/mirror/delegated-apnic';

const OLD = statisticsText({ serial: '20260601' });
const NEW = statisticsText({ serial: '20260602' });

const md5 = (text: string | Uint8Array): string => createHash('md5').update(text).digest('hex');
const md5File = (text: string): string => `MD5 (delegated-apnic-latest) = ${md5(text)}\n`;

/** The file and a right md5 of it. */
function published(
  path: string,
  text: string,
  headers: Record<string, string> = {},
): Record<string, Route> {
  return { [path]: { body: text, headers }, [`${path}.md5`]: { body: md5File(text) } };
}

async function fetchFrom(server: TestServer, state: string, options: Partial<FetchOptions> = {}) {
  const report = await fetchRegistries({
    state,
    registries: [{ name: 'apnic', title: 'APNIC', urls: [server.url(OWN), server.url(MIRROR)] }],
    countries: new Set(['KR', 'JP']),
    userAgent: 'sekisho/test',
    environment: {},
    ...options,
    limits: {
      connectMs: 500,
      idleMs: 200,
      totalMs: 1500,
      tries: 2,
      backoffMs: 5,
      backoffMaxMs: 10,
      retryAfterMaxMs: 1500,
      maxBytes: 64 * 1024,
      ...options.limits,
    },
  });
  return { ...report.outcomes[0], code: exitCodeOf(report), lines: faultLines(report) };
}
test('try', async () => {
  const state = await temporaryFolder();
  const server = await TestServer.start(published(OWN, OLD, { etag: '"1"' }));
  console.log(await fetchFrom(server, state));
  console.log(fs.readFileSync(storedPath(state, 'apnic') + '.json', 'utf8'));
  console.log(await fetchFrom(server, state), server.requests);
  const cases: Record<string, Record<string, Route>> = {
    'content-length': {
      [OWN]: { body: NEW.slice(0, 200), headers: { 'content-length': String(NEW.length) } },
    },
    cut: { [OWN]: { body: NEW.slice(0, 200), headers: { connection: 'close' } } },
    html: { [OWN]: { body: '<html>\n<body>hello' } },
    wrong: published(OWN, statisticsText({ registry: 'ripencc' })),
    stalled: {
      [OWN]: (_q, r) => {
        r.writeHead(200);
        r.write(NEW.slice(0, 100));
      },
    },
    stalledHeaders: { [OWN]: () => undefined },
    endless: {
      [OWN]: (_q, r) => {
        const t = setInterval(() => r.write('#'.repeat(8000)), 1);
        r.on('close', () => clearInterval(t));
      },
    },
    drip: {
      [OWN]: (_q, r) => {
        const t = setInterval(() => r.write('#'), 50);
        r.on('close', () => clearInterval(t));
      },
    },
    bomb: {
      [OWN]: {
        body: gzipSync(Buffer.alloc(10 * 2 ** 20)),
        headers: { 'content-encoding': 'gzip' },
      },
    },
    gz: {
      [OWN]: { body: gzipSync(NEW).subarray(0, 100), headers: { 'content-encoding': 'gzip' } },
    },
    badgz: { [OWN]: { body: 'hello', headers: { 'content-encoding': 'gzip' } } },
    br: { [OWN]: { body: 'hello', headers: { 'content-encoding': 'br' } } },
    loop: { [OWN]: { status: 302, headers: { location: OWN } } },
    s500: { [OWN]: { status: 500 } },
    s429: { [OWN]: { status: 429, headers: { 'retry-after': '3600' } } },
    reset: {
      [OWN]: (q) => {
        q.socket.resetAndDestroy();
      },
    },
    nothttp: {
      [OWN]: (q) => {
        q.socket.end('hello\r\n\r\n');
      },
    },
    md5: { [OWN]: { body: NEW }, [OWN + '.md5']: { body: md5File(OLD) } },
    md5html: { [OWN]: { body: NEW }, [OWN + '.md5']: { body: '<html>' } },
    back: published(OWN, statisticsText({ serial: '20260501' })),
    fall: published(OWN, statisticsText({ serial: '20260602', records: RECORDS.slice(1) })),
    ok: published(OWN, NEW),
  };
  for (const [name, routes] of Object.entries(cases).slice(4)) {
    if (['stalled', 's500'].includes(name)) continue;
    const s = await TestServer.start(routes);
    const t = Date.now();
    console.log(name, Date.now() - t, await fetchFrom(s, state), Date.now() - t, 'ms');
  }
});
