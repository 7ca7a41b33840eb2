import fs from 'node:fs';
import { type Server, createServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { beforeEach, describe, expect, test } from 'vitest';

import { DOWNLOAD_LOCK, takeLock } from '../../src/util/lock.js';
import { cleanUp, temporaryFolder } from '../helpers/cleanup.js';
import { OWN, expectStored, published } from '../helpers/fetching.js';
import { TestServer } from '../helpers/http-server.js';
import { systemTest } from '../helpers/programs.js';
import { type ProgramResult, runSekisho } from '../helpers/program.js';
import { startProxy } from '../helpers/proxy.js';
import { run } from '../helpers/run.js';
import { RECORDS, statisticsText } from '../helpers/statistics-text.js';

const OLD = statisticsText({ serial: '20260601' });
const NEW = statisticsText({ serial: '20260602' });

let folder: string;
let state: string;
let server: TestServer;

beforeEach(async () => {
  folder = await temporaryFolder();
  state = join(folder, 'state');
  server = await TestServer.start(published(OWN, OLD));
  configure({ registries: ['apnic'], urls: { apnic: [server.url(OWN)] }, tries: 1 });
});

function configure(sources: object): void {
  const lists = { asia: { countries: ['asia'] } };
  const config = { state: 'state', sources, lists };
  fs.writeFileSync(join(folder, 'sekisho.yaml'), JSON.stringify(config));
}

/** As cron runs it: `env -i PATH=/usr/bin:/bin`. */
const sekisho = (args: string[], env: Record<string, string> = {}): Promise<ProgramResult> =>
  runSekisho(args, { cwd: folder, env });

const SILENT = { exitCode: 0, stdout: '', stderr: '' };

test('under cron, success prints nothing: at first, with something new, with nothing new', async () => {
  expect(await sekisho(['fetch'])).toMatchObject(SILENT);
  expectStored(state, OLD);
  server.restart(published(OWN, NEW));
  expect(await sekisho(['fetch', 'apnic'])).toMatchObject(SILENT);
  expectStored(state, NEW);
  expect(await sekisho(['fetch', '--quiet'])).toMatchObject(SILENT);
  expect(server.requests[0]?.headers['user-agent']).toMatch(/^sekisho\/\d+\.\d+\.\d+$/);
  expect(fs.statSync(state).mode & 0o777).toBe(0o755);
});

test('what is refused is a line and exit 3, and --accept takes it', async () => {
  await sekisho(['fetch']);
  const fallen = statisticsText({ serial: '20260602', records: RECORDS.slice(1) });
  server.restart(published(OWN, fallen));
  const refused = await sekisho(['fetch']);
  expect(refused).toMatchObject({ exitCode: 3, stdout: '' });
  expect(refused.stderr.replace(/127\.0\.0\.1:\d+/, 'HOST')).toBe(
    'sekisho: apnic refused: HOST: KR would lose 75 % of its IPv4 addresses (limit 10 %); ' +
      'if that is right: sekisho fetch --accept apnic; the file of 20260601 stays',
  );
  expectStored(state, OLD);
  expect(await sekisho(['fetch', '--accept', 'apnic'])).toMatchObject(SILENT);
  expectStored(state, fallen);
});

test('where nothing can be reached that is one line, and exit 1 or 3', async () => {
  const nowhere = ['http://127.0.0.1:9/x'];
  const urls = { apnic: nowhere, arin: nowhere, lacnic: nowhere };
  configure({ registries: ['apnic', 'arin', 'lacnic'], urls, tries: 1 });
  expect(await sekisho(['fetch'])).toMatchObject({
    exitCode: 1,
    stderr:
      'sekisho: no registry could be reached (apnic: 127.0.0.1:9: connection refused); ' +
      'there are no files to work with',
  });
  configure({ registries: ['apnic'], urls: { apnic: [server.url(OWN)] } });
  await sekisho(['fetch']);
  configure({ registries: ['apnic', 'arin'], urls, tries: 1 });
  const { exitCode, stderr } = await sekisho(['fetch']);
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(/^sekisho: no registry could be reached .*; the last good files stay$/);
});

test('a run that finds the lock held says so and exits 0', async () => {
  const { lock } = await takeLock(state, { command: 'sekisho update', name: DOWNLOAD_LOCK });
  const { exitCode, stdout, stderr } = await sekisho(['fetch']);
  lock?.release();
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
  expect(stderr).toMatch(
    /^sekisho: another run \(sekisho update, process \d+, since .*Z\) holds .*\/state\/download\.lock; nothing done$/,
  );
  expect(server.requests).toEqual([]);
});

test.each([
  [['fetch', 'apnicc'], /apnicc.*Allowed choices are apnic, ripencc, arin, lacnic, afrinic/],
  [['fetch', '--accept', 'x'], /found x; expected one of the registries and lists/],
  [['fetch', 'arin'], /found arin; expected one of the registries of the configuration: apnic/],
  [
    ['fetch', '--accept', 'arin'],
    /found arin; expected one of the registries and lists that are fetched/,
  ],
])('%j is wrong usage', async (args, message) => {
  const { exitCode, stderr } = await sekisho(args);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(message);
});

test('where CSV files are configured there is nothing to fetch', async () => {
  configure({ csv: ['dbip.csv'] });
  const { exitCode, stderr } = await sekisho(['fetch']);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/sekisho.yaml:1: sources.csv: found CSV files; expected registries/);
});

systemTest('a terminal sees bars, and what came of it', ['script'], async () => {
  server.restart({
    [OWN]: (_request, response) => {
      response.writeHead(200, { 'content-length': OLD.length });
      response.write(OLD.slice(0, OLD.length / 2));
      setTimeout(() => response.end(OLD.slice(OLD.length / 2)), 600);
    },
  });
  const node = process.execPath;
  const main = new URL('../../dist/main.cjs', import.meta.url).pathname;
  const { code, stdout } = await run('script', ['-qec', `'${node}' '${main}' fetch`, '/dev/null'], {
    cwd: folder,
  });
  expect(code).toBe(0);
  expect(stdout).toMatch(/apnic {4}█{15}░{15} 0\.0 MiB/);
  expect(stdout).toMatch(
    /sekisho: apnic updated to 20260601\r\nsekisho: apnic: .* has no md5 of it\r\n$/,
  );
});

systemTest('Ctrl-C at a terminal ends it', ['script', 'timeout'], async () => {
  server.restart({ [OWN]: () => undefined }); // for 30 s, longer than `run` waits
  const main = new URL('../../dist/main.cjs', import.meta.url).pathname;
  const command = `timeout --foreground -s INT 2 '${process.execPath}' '${main}' fetch`;
  const { code } = await run('script', ['-qec', command, '/dev/null'], { cwd: folder });
  expect(code).toBe(124); // timeout(1) sent it
});

describe('over TLS', () => {
  async function startTls(): Promise<{ url: string; certificate: string }> {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const made = await run('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost'],
    ]);
    if (made.code !== 0) throw new Error(made.stderr);
    const tls: Server = createServer(
      { key: fs.readFileSync(key), cert: fs.readFileSync(certificate) },
      (request, response) => {
        const md5 = request.url?.endsWith('.md5') === true;
        response.writeHead(md5 ? 404 : 200).end(md5 ? '' : NEW);
      },
    ).listen(0, 'localhost');
    await once(tls, 'listening');
    cleanUp(() => {
      tls.closeAllConnections();
      tls.close();
    });
    return { url: `https://localhost:${(tls.address() as AddressInfo).port}/x`, certificate };
  }

  systemTest('through a proxy, with an authority of our own', ['openssl'], async () => {
    const { url, certificate } = await startTls();
    const proxy = await startProxy();
    configure({ registries: ['apnic'], urls: { apnic: [url] }, tries: 1 });
    const env = { HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: certificate };
    expect(await sekisho(['fetch'], env)).toMatchObject(SILENT);
    expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT ${new URL(url).host}`]));
    expectStored(state, NEW);
  });

  systemTest(
    'nobody is believed without a certificate of a known authority',
    ['openssl'],
    async () => {
      const { url } = await startTls();
      configure({ registries: ['apnic'], urls: { apnic: [url] }, tries: 1 });
      const { exitCode, stderr } = await sekisho(['fetch']);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(
        /^sekisho: apnic unreachable: localhost:\d+: its certificate is self-signed; there is no older file$/,
      );
    },
  );
});
