import fs from 'node:fs';
import { gzipSync } from 'node:zlib';

import { describe, expect, test } from 'vitest';

import type { RegistryName } from '../../src/config/registry-names.js';
import {
  type FetchOptions,
  exitCodeOf,
  faultLines,
  fetchRegistries,
} from '../../src/sources/fetch.js';
import { readStored, storedPath } from '../../src/sources/store.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import {
  MIRROR,
  OWN,
  SHORT_LIMITS,
  expectStored,
  fetchFrom,
  md5File,
  published,
} from '../helpers/fetching.js';
import { TestServer } from '../helpers/http-server.js';
import { startProxy } from '../helpers/proxy.js';
import { RECORDS, statisticsText } from '../helpers/statistics-text.js';

const OLD = statisticsText({ serial: '20260601' });
const NEW = statisticsText({ serial: '20260602' });
const MONDAY = 'Mon, 01 Jun 2026 10:00:00 GMT';

describe('conditional requests', () => {
  test('go out with the validators of the last good file, to the URL it is from only', async () => {
    const state = await temporaryFolder();
    const validators = { etag: '"abc-gzip"', 'last-modified': MONDAY };
    const server = await TestServer.start(published(MIRROR, OLD, validators));
    expect((await fetchFrom(server, state, [OWN, MIRROR])).outcome).toBe('updated');
    server.restart({ [MIRROR]: { status: 304 } });
    const { outcome, exitCode, lines } = await fetchFrom(server, state, [OWN, MIRROR]);
    expect({ outcome, exitCode, lines }).toEqual({ outcome: 'unchanged', exitCode: 0, lines: [] });
    const [own, mirror] = server.requests;
    expect(own?.headers).not.toHaveProperty('if-none-match');
    expect(own?.headers).not.toHaveProperty('if-modified-since');
    expect(mirror?.headers).toMatchObject({
      'if-none-match': '"abc-gzip"',
      'if-modified-since': MONDAY,
      'user-agent': 'sekisho/test',
      'accept-encoding': 'gzip',
    });
    expectStored(state, OLD);
  });

  test('do not go out for a stored file that is damaged, which is replaced', async () => {
    const state = await temporaryFolder();
    const server = await TestServer.start(published(OWN, OLD, { etag: '"1"' }));
    await fetchFrom(server, state);
    fs.appendFileSync(storedPath(state, 'apnic'), 'apnic|KR|ipv4|1.');
    server.requests.length = 0;
    const { outcome, oldSerial, notes } = await fetchFrom(server, state);
    expect({ outcome, oldSerial }).toEqual({ outcome: 'updated', oldSerial: undefined });
    expect(notes[0]).toMatch(
      /^the stored file is damaged and was not used: .*delegated-apnic: found a last line without its end/,
    );
    expect(server.requests[0]?.headers).not.toHaveProperty('if-none-match');
    expectStored(state, OLD);
  });

  test('start again after a run that was killed between file and facts', async () => {
    const state = await temporaryFolder();
    const server = await TestServer.start(published(OWN, OLD, { etag: '"1"' }));
    await fetchFrom(server, state);
    fs.writeFileSync(storedPath(state, 'apnic'), NEW); // whole, and the facts are the old file's
    expect(readStored(state, 'apnic')?.facts).toBeUndefined();
    server.restart(published(OWN, NEW, { etag: '"2"' }));
    expect(await fetchFrom(server, state)).toMatchObject({
      outcome: 'unchanged',
      oldSerial: '20260602',
    });
    expect(server.requests[0]?.headers).not.toHaveProperty('if-none-match');
    expectStored(state, NEW);
    expect(readStored(state, 'apnic')?.facts?.etag).toBe('"2"');
  });
});

test('gzip is unpacked, and its md5 is that of the file', async () => {
  const state = await temporaryFolder();
  const server = await TestServer.start({
    [OWN]: { body: gzipSync(NEW), headers: { 'content-encoding': 'gzip' } },
    [`${OWN}.md5`]: { body: md5File(NEW) },
  });
  const seen: unknown[] = [];
  const progress: FetchOptions['progress'] = {
    bytes: (_registry, received, total) => void seen.push([received, total]),
    done: ({ outcome }) => void seen.push(outcome),
  };
  expect(await fetchFrom(server, state, [OWN], { progress })).toMatchObject({
    outcome: 'updated',
    notes: [],
  });
  const size = gzipSync(NEW).length;
  expect(seen).toEqual([[size, size], 'updated']);
  expectStored(state, NEW);
});

describe('--accept', () => {
  const fallen = statisticsText({ serial: '20260602', records: RECORDS.slice(1) });
  const back = statisticsText({ serial: '20260501' });
  const accept = new Set<RegistryName>(['apnic']);

  test.each([
    ['a fall', fallen],
    ['a serial that goes back', back],
    ['the same serial with other content', statisticsText({ records: RECORDS.slice(1) })],
  ])('takes %s', async (_name, text) => {
    const state = await temporaryFolder();
    const server = await TestServer.start(published(OWN, OLD));
    await fetchFrom(server, state);
    server.restart(published(OWN, text));
    expect((await fetchFrom(server, state, [OWN], { accept })).outcome).toBe('updated');
    expectStored(state, text);
  });

  test('takes nothing that is not whole, and no older copy from a mirror', async () => {
    const state = await temporaryFolder();
    const server = await TestServer.start(published(OWN, OLD));
    await fetchFrom(server, state);
    server.restart({ [OWN]: { body: fallen.slice(0, -9) }, ...published(MIRROR, back) });
    const result = await fetchFrom(server, state, [OWN, MIRROR], { accept });
    expect(result).toMatchObject({ outcome: 'refused', exitCode: 3 });
    expectStored(state, OLD);
  });
});

test('from plain to extended, counts are compared and serials are not', async () => {
  const state = await temporaryFolder();
  const server = await TestServer.start(published(OWN, OLD));
  await fetchFrom(server, state);
  const older = { serial: '20200101', extended: true };
  server.restart(published(OWN, statisticsText({ ...older, records: RECORDS.slice(1) })));
  expect((await fetchFrom(server, state)).message).toMatch(/^HOST: KR would lose 75 % of its IPv4/);
  server.restart(published(OWN, statisticsText(older)));
  expect(await fetchFrom(server, state)).toMatchObject({
    outcome: 'updated',
    oldSerial: '20260601',
    newSerial: '20200101',
  });
});

describe('several registries', () => {
  const urls = (server: TestServer) => (name: RegistryName) => ({
    name,
    title: name,
    urls: [server.url(`/${name}`)],
  });
  const options = (state: string): Omit<FetchOptions, 'registries'> => ({
    state,
    countries: new Set(['KR']),
    userAgent: 'sekisho/test',
    environment: {},
    limits: SHORT_LIMITS,
  });

  test('are fetched at the same time, and one that fails does not stop the others', async () => {
    const state = await temporaryFolder();
    let waiting = 0;
    let together = 0;
    const server = await TestServer.start({
      ...published('/arin', statisticsText({ registry: 'arin', serial: '1780358399000' })),
      '/apnic': (_request, response) => {
        together = Math.max(together, ++waiting);
        setTimeout(() => {
          waiting--;
          response.end(NEW);
        }, 150);
      },
      '/ripencc': (_request, response) => {
        together = Math.max(together, ++waiting);
        setTimeout(() => {
          waiting--;
          response.end('<html>');
        }, 150);
      },
    });
    const registries = (['apnic', 'ripencc', 'arin', 'lacnic'] as const).map(urls(server));
    const report = await fetchRegistries({ ...options(state), registries });
    expect(report.outcomes.map(({ registry, outcome }) => `${registry} ${outcome}`)).toEqual([
      'apnic updated',
      'ripencc refused',
      'arin updated',
      'lacnic unreachable',
    ]);
    expect(together).toBe(2);
    expect([...report.available].sort()).toEqual(['apnic', 'arin']);
    expect(exitCodeOf(report)).toBe(3);
    expect(faultLines(report)).toHaveLength(2);
  });

  test("a country's loss is measured against what it has in all of them", async () => {
    const state = await temporaryFolder();
    const ripe = [
      { cc: 'KR', start: '5.0.0.0', value: 4096 },
      { cc: 'JP', start: '6.0.0.0', value: 4096 },
    ];
    const server = await TestServer.start({
      ...published('/apnic', OLD),
      ...published('/ripencc', statisticsText({ registry: 'ripencc', records: ripe })),
    });
    const registries = (['apnic', 'ripencc'] as const).map(urls(server));
    await fetchRegistries({ ...options(state), registries });
    // all that RIPE NCC had for KR: 4096 of 69632, 5.9 %
    const moved = { registry: 'ripencc', serial: '20260602', records: ripe.slice(1) };
    server.restart({
      ...published('/apnic', OLD),
      ...published('/ripencc', statisticsText(moved)),
    });
    const report = await fetchRegistries({ ...options(state), registries, fall: 0.05 });
    expect(faultLines(report)[0]).toMatch(
      /KR would lose 5.88 % of its IPv4 addresses \(limit 5 %\)/,
    );
    const again = await fetchRegistries({ ...options(state), registries });
    expect(again.outcomes.map(({ outcome }) => outcome)).toEqual(['unchanged', 'updated']);
  });

  test('none of which can be reached are one line', async () => {
    const state = await temporaryFolder();
    const server = await TestServer.start();
    const registries = (['apnic', 'ripencc', 'arin'] as const).map(urls(server));
    const report = await fetchRegistries({ ...options(state), registries });
    expect(exitCodeOf(report)).toBe(1);
    expect(faultLines(report).join('\n')).toMatch(
      /^no registry could be reached \(apnic: .*: HTTP status 404\); there are no files to work with$/,
    );
  });

  test('a server that is not there', async () => {
    const registries = [{ name: 'apnic' as const, title: '', urls: ['http://127.0.0.1:9/x'] }];
    const report = await fetchRegistries({ ...options(await temporaryFolder()), registries });
    expect(faultLines(report)).toEqual([
      'apnic unreachable: 127.0.0.1:9: connection refused; there is no older file',
    ]);
  });
});

test('a run can be stopped', async () => {
  const state = await temporaryFolder();
  const server = await TestServer.start({ [OWN]: () => undefined });
  const { outcome, message } = await fetchFrom(server, state, [OWN], {
    signal: AbortSignal.timeout(100),
    limits: { idleMs: 60_000, totalMs: 60_000 },
  });
  expect({ outcome, message }).toEqual({ outcome: 'unreachable', message: 'HOST: stopped' });
});

describe('a proxy', () => {
  test.each(['http_proxy', 'HTTP_PROXY'])('named by %s is asked', async (name) => {
    const state = await temporaryFolder();
    const server = await TestServer.start(published(OWN, NEW));
    const proxy = await startProxy();
    for (const value of [proxy.url, `http://${proxy.url}`]) {
      await fetchFrom(server, state, [OWN], { environment: { [name]: value } });
    }
    expect(proxy.asked).toEqual([`GET ${OWN}`, `GET ${OWN}.md5`, `GET ${OWN}`]);
    expectStored(state, NEW);
  });

  test.each(['https_proxy', 'HTTPS_PROXY'])('named by %s tunnels https', async (name) => {
    const server = await TestServer.start();
    const proxy = await startProxy();
    const target = server.url('/x').replace('http:', 'https:');
    const report = await fetchRegistries({
      state: await temporaryFolder(),
      registries: [{ name: 'apnic', title: '', urls: [target] }],
      countries: new Set(),
      userAgent: 'sekisho/test',
      environment: { [name]: proxy.url },
      limits: { ...SHORT_LIMITS, tries: 1 },
    });
    expect(proxy.asked).toEqual([`CONNECT ${new URL(target).host}`]);
    expect(report.outcomes[0]?.outcome).toBe('unreachable'); // no TLS behind it
  });

  test.each(['no_proxy', 'NO_PROXY'])('is passed by for hosts in %s', async (name) => {
    const server = await TestServer.start(published(OWN, NEW));
    const proxy = await startProxy();
    const environment = { http_proxy: proxy.url, [name]: 'example.net,127.0.0.1' };
    const { outcome } = await fetchFrom(server, await temporaryFolder(), [OWN], { environment });
    expect({ outcome, asked: proxy.asked }).toEqual({ outcome: 'updated', asked: [] });
  });

  test('that is away is named in the message', async () => {
    const server = await TestServer.start(published(OWN, NEW));
    const environment = { http_proxy: 'http://127.0.0.1:9' };
    const { message } = await fetchFrom(server, await temporaryFolder(), [OWN], { environment });
    expect(message).toBe('HOST: connection refused by 127.0.0.1 port 9 (a proxy?)');
  });

  test('whose variable is no URL is an error of usage', async () => {
    const server = await TestServer.start();
    const environment = { https_proxy: 'ftp://proxy' };
    await expect(
      fetchFrom(server, await temporaryFolder(), [OWN], { environment }),
    ).rejects.toThrow(
      'the environment variable https_proxy: found "ftp://proxy"; expected a proxy such as http://proxy.example.net:3128',
    );
  });
});
