import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { parseConfig } from '../../../src/config/load.js';
import { feedsOf } from '../../../src/lists/feeds/feed.js';
import {
  type FeedOutcome,
  type FeedRun,
  fetchFeeds,
} from '../../../src/lists/feeds/fetch-feeds.js';
import { feedStates, feedWarnings } from '../../../src/lists/feeds/times.js';
import { makeDispatcher } from '../../../src/sources/download/dispatcher.js';
import { cleanUp, temporaryFolder } from '../../helpers/cleanup.js';
import { SHORT_LIMITS } from '../../helpers/fetching.js';
import { TestServer } from '../../helpers/http-server.js';

const HOUR = 3_600_000;

/** A host with one feed. */
class Host {
  nowMs = Date.UTC(2026, 5, 1, 12);
  readonly #folder: string;
  readonly #dispatcher;

  constructor(folder: string) {
    this.#folder = folder;
    this.#dispatcher = makeDispatcher(SHORT_LIMITS, {});
    cleanUp(() => this.#dispatcher.destroy());
  }

  static async make(): Promise<Host> {
    return new Host(await temporaryFolder());
  }

  /** @param options of the list, as in YAML */
  loaded(options: string, more = '') {
    const text = `state: state\nlists:\n  drop: { ${options} }\n${more}`;
    return parseConfig(text, join(this.#folder, 'sekisho.yaml'));
  }

  async fetch(options: string, run: Partial<FeedRun> = {}, more = ''): Promise<FeedOutcome> {
    const [outcome] = await fetchFeeds(feedsOf(this.loaded(options, more)), {
      state: this.path('state'),
      client: { dispatcher: this.#dispatcher, limits: SHORT_LIMITS, userAgent: 'sekisho/test' },
      accept: new Set(),
      nowMs: this.nowMs,
      ...run,
    });
    if (outcome === undefined) throw new Error('no feed');
    return outcome;
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  get copy(): string | undefined {
    const path = this.path('state/feeds/drop.txt');
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }

  warnings(options: string): string[] {
    return feedWarnings(feedStates(this.loaded(options)), this.nowMs);
  }
}

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});

function lines(count: number): string {
  return Array.from({ length: count }, (_, k) => `198.51.${100 + (k >> 8)}.${k & 255}\n`).join('');
}

test('the copy is plain whatever came, and is not written anew where nothing changed', async () => {
  const host = await Host.make();
  const body = '{"cidr":"192.0.2.0/24","id":"SBL1"}\n{"type":"metadata"}\n';
  server.restart({ '/drop': { body, headers: { etag: '"1"' } } });
  const options = `url: '${server.url('/drop')}', json: $.cidr, reason: id`;
  expect(await host.fetch(options)).toMatchObject({ outcome: 'updated', warnings: [], notes: [] });
  expect(host.copy).toBe('192.0.2.0/24 SBL1\n');
  const { ino } = statSync(host.path('state/feeds/drop.txt'));
  expect(await host.fetch(options)).toMatchObject({ outcome: 'unchanged' });
  expect(server.requests.map(({ headers }) => headers['if-none-match'])).toEqual([
    undefined,
    '"1"',
  ]);
  server.restart({ '/drop': { status: 304 } });
  expect(await host.fetch(options)).toMatchObject({ outcome: 'unchanged' });
  expect(statSync(host.path('state/feeds/drop.txt')).ino).toBe(ino);
});

test('the world is left out each time, with a warning each time', async () => {
  const host = await Host.make();
  const options = `url: '${server.url('/drop')}'`;
  const warnings = [
    'list drop: 0.0.0.0/0 is larger than a /8 (min_prefix); ::/0 is larger than a /19 ' +
      '(min_prefix6). Left out, lest the list denies too many.',
  ];
  server.restart({ '/drop': { body: '0.0.0.0/0\n::/0\n192.0.2.1\n', headers: { etag: '"1"' } } });
  expect(await host.fetch(options)).toMatchObject({ outcome: 'updated', warnings });
  server.restart({ '/drop': { status: 304 } });
  expect(await host.fetch(options)).toMatchObject({ outcome: 'unchanged', warnings });
  expect(host.copy).toBe('192.0.2.1\n');
});

test('a list that lets in keeps its private addresses, another one does not', async () => {
  const host = await Host.make();
  server.restart({ '/drop': { body: '10.1.0.0/16\n192.0.2.1\n' } });
  const options = `url: '${server.url('/drop')}'`;
  const notes = ['1 private or reserved entries are left out (private: false)'];
  expect(await host.fetch(options)).toMatchObject({ notes });
  expect(host.copy).toBe('192.0.2.1\n');
  const office = 'firewall: { rules: [{ name: ssh, tcp: [22], only: [drop] }] }\n';
  await host.fetch(options, {}, office);
  expect(host.copy).toBe('10.1.0.0/16\n192.0.2.1\n');
  await host.fetch(`${options}, private: false`, {}, office);
  expect(host.copy).toBe('192.0.2.1\n');
});

test('a fall is refused until it is accepted, by name', async () => {
  const host = await Host.make();
  const options = `url: '${server.url('/drop')}'`;
  server.restart({ '/drop': [{ body: lines(1000) }, { body: lines(10) }] });
  await host.fetch(options);
  expect(await host.fetch(options)).toMatchObject({
    outcome: 'failed',
    available: true,
    message:
      'it would fall from 1000 to 10 entries, by more than 50 %; if that is right: sekisho fetch ' +
      '--accept drop',
  });
  expect(host.copy).toBe(lines(1000));
  expect(await host.fetch(options, { accept: new Set(['drop']) })).toMatchObject({
    outcome: 'updated',
  });
  expect(host.copy).toBe(lines(10));
});

describe('another url or form', () => {
  test('is asked without validators and not compared', async () => {
    const host = await Host.make();
    const headers = { etag: '"same"' };
    server.restart({ '/one': { body: lines(1000), headers }, '/two': { body: lines(3), headers } });
    await host.fetch(`url: '${server.url('/one')}'`);
    const options = `url: '${server.url('/two')}'`;
    expect(host.warnings(options)).toEqual([
      'list drop: its copy was read before its url, form or limits were changed; sekisho fetch ' +
        'reads it anew',
    ]);
    expect(await host.fetch(options)).toMatchObject({
      outcome: 'updated',
      notes: ['it is read anew: its url, its form or its limits are others than before'],
    });
    expect(server.requests.at(-1)?.headers['if-none-match']).toBeUndefined();
    expect(host.copy).toBe(lines(3));
    expect(host.warnings(options)).toEqual([]);
  });

  test('that fails leaves the old copy and names it, at each try', async () => {
    const host = await Host.make();
    server.restart({ '/one': { body: '192.0.2.1\n' } });
    await host.fetch(`url: '${server.url('/one')}'`);
    const { host: name } = new URL(server.url('/'));
    for (const options of [
      `url: '${server.url('/none')}'`,
      `url: '${server.url('/one')}', json: $`,
    ]) {
      for (let round = 0; round < 2; round++) {
        const { outcome, available, message } = await host.fetch(options);
        expect({ outcome, available }).toEqual({ outcome: 'failed', available: true });
        expect(message).toContain(`(the copy is from ${name}, as it was configured before)`);
        expect(host.warnings(options)).toHaveLength(1);
      }
    }
    expect(host.copy).toBe('192.0.2.1\n');
  });
});

test('an interval of its own, and an age past which it is told', async () => {
  const host = await Host.make();
  const options = `url: '${server.url('/drop')}', every: 2h, max_age: 1d`;
  server.restart({ '/drop': { body: '192.0.2.1\n' } });
  expect(await host.fetch(options)).toMatchObject({ outcome: 'updated' });
  host.nowMs += HOUR;
  expect(await host.fetch(options)).toMatchObject({ outcome: 'not due', available: true });
  expect(await host.fetch(options, { force: true })).toMatchObject({ outcome: 'unchanged' });
  host.nowMs += 2 * HOUR;
  server.restart({});
  expect(await host.fetch(options)).toMatchObject({ outcome: 'failed' });
  // what failed is asked for again at the next update
  expect(await host.fetch(options)).toMatchObject({ outcome: 'failed' });
  expect(host.warnings(options)).toEqual([]);
  host.nowMs += 24 * HOUR;
  expect(host.warnings(options)).toEqual([
    expect.stringMatching(/^list drop: .* could not be asked since 2026-06-01T13:00Z, longer than/),
  ]);
});

test('an empty list is taken where its owner says so: the last entry can go', async () => {
  const host = await Host.make();
  const url = `url: '${server.url('/drop')}'`;
  server.restart({ '/drop': [{ body: '192.0.2.1\n' }, { body: '' }] });
  await host.fetch(url);
  expect(await host.fetch(url)).toMatchObject({ outcome: 'failed' });
  expect(await host.fetch(`${url}, empty: take`)).toMatchObject({ outcome: 'updated' });
  expect(host.copy).toBe('');
});

describe('secrets', () => {
  test('of the URL go to its origin as a header, and nowhere else', async () => {
    const host = await Host.make();
    const other = await TestServer.start({ '/moved': { body: '192.0.2.1\n' } });
    const moved = { status: 302, headers: { location: other.url('/moved') } };
    server.restart({ '/drop?key=k3y': [{ status: 403 }, moved] });
    const url = server.url('/drop?key=k3y').replace('http://', 'http://kei:s%2Fcret@');
    const failed = await host.fetch(`url: '${url}'`);
    expect(failed.message).toMatch(/HTTP status 403/);
    expect(await host.fetch(`url: '${url}'`)).toMatchObject({ outcome: 'updated' });
    const sent = Buffer.from('kei:s/cret').toString('base64');
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      `Basic ${sent}`,
      `Basic ${sent}`,
    ]);
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    const kept = readdirSync(host.path('state/feeds')).map((name) =>
      readFileSync(host.path(`state/feeds/${name}`), 'utf8'),
    );
    for (const text of [JSON.stringify(failed), ...kept]) expect(text).not.toMatch(/cret|k3y/);
  });

  test('of a file are headers, read at each download, and never told', async () => {
    const host = await Host.make();
    server.restart({ '/drop': { body: '192.0.2.1\n' } });
    const options = `url: '${server.url('/drop')}', headers_file: secret/headers`;
    expect((await host.fetch(options)).message).toMatch(
      /headers_file .*secret\/headers cannot be read: no such file/,
    );
    expect(server.requests).toEqual([]);
    await mkdir(host.path('secret'));
    await writeFile(
      host.path('secret/headers'),
      '# token of 2026\nKey: s3cret\n\nAccept: text/plain\n',
    );
    expect(await host.fetch(options)).toMatchObject({ outcome: 'updated' });
    expect(server.requests[0]?.headers).toMatchObject({ key: 's3cret', accept: 'text/plain' });
    for (const text of ['s3cret\n', 'Host: s3cret\n', 'Key: s3cret\u0001\n', ': s3cret\n']) {
      await writeFile(host.path('secret/headers'), text);
      const { outcome, message } = await host.fetch(options);
      expect(outcome).toBe('failed');
      expect(message).toMatch(/secret\/headers:1: expected /);
      expect(message).not.toContain('s3cret');
    }
  });
});

test('a body that is too long or damaged leaves the copy as it was', async () => {
  const host = await Host.make();
  const options = `url: '${server.url('/drop')}'`;
  server.restart({
    '/drop': [
      { body: '192.0.2.1\n' },
      { body: '192.0.2.2\n'.repeat(10_000) },
      { body: Buffer.from([0x1f, 0x8b, 8, 0, 0]) },
      { body: '192.0.2.1\n'.repeat(100), headers: { 'content-encoding': 'gzip' } },
    ],
  });
  await host.fetch(options);
  for (const expected of [/larger than/, /gzip stream is damaged/, /gzip|header/]) {
    const { outcome, message } = await host.fetch(options);
    expect(outcome).toBe('failed');
    expect(message).toMatch(expected);
  }
  expect(host.copy).toBe('192.0.2.1\n');
});

test.each([
  ['countries: [KR], every: 1h', /lists\.drop\.every: found "1h"; expected a list with a url/],
  ['url: "http://a/", every: 30s', /every: found "30s"; expected a duration of at least 1m/],
  ['url: "http://a/", json: "$.a["', /json: found "\$\.a\["; expected a JSONPath/],
  ['url: "http://a/", json: $, csv: { column: 1 }', /json: .*expected csv or json/],
  ['url: "http://a/", reason: why', /reason: .*expected csv or json beside it/],
  ['url: "http://a/", csv: { column: ip, header: false }', /csv: .*numbers of columns/],
  ['url: "http://a/", csv: { column: 0 }', /found 0; expected at least 1/],
  ['url: "ftp://kei:s3cret@a/"', /found "ftp:\/\/\(hidden\)@a\/"; expected an http/],
])('{ %s } is refused', (options, expected) => {
  const text = `lists:\n  drop: { ${options} }\n`;
  expect(() => parseConfig(text, undefined)).toThrow(expected);
});
