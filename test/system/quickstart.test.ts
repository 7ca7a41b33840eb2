import { cpSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { type TestContext, expect } from 'vitest';

import { ROOT } from '../docs/markdown.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { published } from '../helpers/fetching.js';
import { TestServer } from '../helpers/http-server.js';
import { searchPath, systemTest } from '../helpers/programs.js';
import { type RunResult, programPath, run } from '../helpers/run.js';
import { type TestRecord, statisticsText } from '../helpers/statistics-text.js';

/*
 * scripts/quickstart in a clone: first where no registry can be reached, then again with
 * registries of the test's own. It runs npm for real.
 */

const REGISTRIES = ['apnic', 'ripencc', 'arin', 'lacnic', 'afrinic'];
const TIMEOUT_MS = 240_000;

/** A connection to this address is refused, as by a proxy that is down. */
const NO_WAY_OUT = 'http://127.0.0.1:1';

const PROXIES = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'];

function proxiesAre(url: string): Record<string, string> {
  return Object.fromEntries(PROXIES.map((name) => [name, url]));
}

systemTest(
  'scripts/quickstart does what it promises',
  ['git', 'npm', 'bash'],
  tryQuickstart,
  2 * TIMEOUT_MS,
);

async function tryQuickstart(context: TestContext): Promise<void> {
  const clone = await makeClone();

  // without a way to the registries; npm keeps its own way to its registry

  const own = PROXIES.map((name) => {
    const value = process.env[name];
    return value === undefined ? `unset ${name}` : `export ${name}=${quoted(value)}`;
  });
  writeProgram(clone, 'npm', `${own.join('\n')}\nexec ${quoted(programPath('npm'))} "$@"`);
  const first = await quickstart(clone, proxiesAre(NO_WAY_OUT));
  skipWithoutNpmRegistry(context, first);
  expectFallback(clone, first);

  // as a user installs it, and as cron then finds it
  const prefix = join(clone, 'prefix');
  const npm = ['install', '--global', '--offline', '--prefix', prefix, '.'];
  expect((await run('npm', npm, { cwd: clone })).code).toBe(0);
  const PATH = `${join(prefix, 'bin')}:${dirname(process.execPath)}:/usr/bin:/bin`;
  const installed = await run('env', ['-i', `PATH=${PATH}`, 'sekisho', '--version'], { cwd: '/' });
  expect(installed).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: '',
  });

  // a second run, with registries; nothing is new for npm
  writeProgram(clone, 'npm', 'exit 0');
  const server = await useRegistriesOfOurOwn(clone);
  expectRegistries(clone, await quickstart(clone, proxiesAre('')));
  for (const registry of REGISTRIES) expect(server.count(`/${registry}`)).toBe(1);
}

/** The repository as a clone would have it, with what is not committed yet. */
async function makeClone(): Promise<string> {
  const clone = await temporaryFolder();
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { stdout } = await run('git', args, { cwd: ROOT });
  // no symbolic link: npm would follow one named node_modules, and empty what it leads to
  const isFile = (path: string): boolean =>
    lstatSync(ROOT + path, { throwIfNoEntry: false })?.isFile() === true;
  for (const path of stdout.split('\0').filter((each) => each !== '' && isFile(each))) {
    mkdirSync(dirname(join(clone, path)), { recursive: true });
    cpSync(ROOT + path, join(clone, path));
  }
  return clone;
}

function writeProgram(clone: string, name: string, script: string): void {
  mkdirSync(join(clone, 'bin'), { recursive: true });
  writeFileSync(join(clone, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

async function quickstart(clone: string, env: Record<string, string>): Promise<RunResult> {
  const PATH = `${join(clone, 'bin')}:${searchPath}`;
  return run(join(clone, 'scripts/quickstart'), [], {
    cwd: '/',
    env: { ...env, PATH },
    timeoutMs: TIMEOUT_MS,
  });
}

function skipWithoutNpmRegistry(context: TestContext, { code, stderr }: RunResult): void {
  const unreachable = /npm error .*(ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ENOTCACHED|ENETUNREACH)/;
  if (code !== 0 && unreachable.test(stderr)) context.skip('needs the npm registry');
}

/** What it says, without what npm says. */
function linesOf(stderr: string): string[] {
  return stderr
    .split('\n')
    .filter((line) => line !== '' && !/^(npm |added \d+ packages)/.test(line));
}

const FILES = ['sekisho.nft', 'sekisho.ipset', 'sekisho.iptables', 'sekisho.ip6tables'];
const LISTS = ['asia', 'blocked'];
const HEAD = 'list\trecords\tranges\tprefixes\taddresses\tof IPv4\tranges v6\tprefixes v6';

/** Every file that it promises, each with both lists in it. */
function expectFiles(clone: string, origin: string): void {
  for (const name of [...FILES, ...LISTS.map((list) => `${list}.rbldnsd`)]) {
    const text = readFileSync(join(clone, 'out', name), 'utf8');
    expect(text.split('\n').slice(0, 2).join('\n'), name).toContain(origin);
    for (const list of name.endsWith('.rbldnsd') ? [name.replace('.rbldnsd', '')] : LISTS) {
      expect(text, name).toMatch(new RegExp(`\\b${list}`));
    }
  }
}

function expectFallback(clone: string, { code, stdout, stderr }: RunResult): void {
  expect(code, stderr).toBe(0);
  const said = linesOf(stderr);
  expect(said).toHaveLength(2);
  expect(said[0]).toMatch(
    /^sekisho: no registry could be reached \(.*there are no files to work with$/,
  );
  expect(said[1]).toMatch(/^quickstart: using the packaged snapshot instead: .*DB-IP.*CC BY 4\.0$/);
  const [head, asia = '', blocked = '', why, end, ...more] = stdout.split('\n');
  expect([head, end, more]).toEqual([HEAD, '', []]);
  expectPlausible('asia', asia, [100, 5]);
  expectPlausible('blocked', blocked, [3, 0]);
  expect(why).toMatch(
    /^221\.200\.232\.93 {2}CN China {2}by IP Geolocation by DB-IP .* {2}lists: asia$/,
  );
  expectFiles(clone, 'IP Geolocation by DB-IP (https://db-ip.com), CC BY 4.0');
}

/** A row of the table: at least so many ranges, and such a share of the IPv4 space in percent. */
function expectPlausible(
  list: string,
  row: string,
  [leastRanges, leastShare]: [number, number],
): void {
  const [name, ...cells] = row.split('\t');
  expect(name).toBe(list);
  const [records = 0, ranges = 0, prefixes = 0, addresses = 0] = cells.slice(0, 4).map(Number);
  expect(records).toBeGreaterThanOrEqual(ranges);
  expect(prefixes).toBeGreaterThanOrEqual(ranges);
  expect(ranges).toBeGreaterThanOrEqual(leastRanges);
  expect(addresses).toBeGreaterThanOrEqual(prefixes);
  expect(cells[4]).toBe(`${((addresses / 2 ** 32) * 100).toFixed(2)} %`);
  expect(parseFloat(cells[4] ?? '')).toBeGreaterThanOrEqual(leastShare);
}

const RECORDS: readonly TestRecord[] = [
  { cc: 'CN', start: '221.200.0.0', value: 262144 },
  { cc: 'KR', start: '1.11.0.0', value: 65536 },
  { cc: 'KR', start: '2001:220::', value: 32 },
  { cc: 'JP', start: '133.0.0.0', value: 49152 },
];

async function useRegistriesOfOurOwn(clone: string): Promise<TestServer> {
  const routes = REGISTRIES.map((registry, k) => {
    const records = k === 0 ? RECORDS : [{ cc: 'TW', start: `203.0.${112 + k}.0`, value: 256 }];
    return published(`/${registry}`, statisticsText({ registry, records, extended: true }));
  });
  const server = await TestServer.start(Object.assign({}, ...routes) as (typeof routes)[number]);
  const urls = REGISTRIES.map((registry) => `${registry}: ['${server.url(`/${registry}`)}']`);
  const path = join(clone, 'scripts/quickstart.yaml');
  const text = readFileSync(path, 'utf8');
  const changed = text.replace('sources: {', `sources: { urls: { ${urls.join(', ')} },`);
  expect(changed).not.toBe(text);
  writeFileSync(path, changed);
  return server;
}

function expectRegistries(clone: string, { code, stdout, stderr }: RunResult): void {
  expect({ code, stderr: linesOf(stderr) }).toEqual({ code: 0, stderr: [] });
  expect(stdout.split('\n')).toEqual([
    HEAD,
    // TW's four adjoin: 203.0.113.0 to 203.0.116.255, three prefixes
    'asia\t7\t3\t5\t328704\t0.01 %\t1\t1',
    expect.stringMatching(/^blocked\t/),
    '221.200.232.93  CN China  apnic: 221.200.0.0 + 262144 addresses allocated 2011-04-12  lists: asia',
    '',
  ]);
  const origins = REGISTRIES.map((registry) => `${registry} 20260601 (extended)`);
  expectFiles(clone, `Sekisho, from ${origins.join(', ')}`);
}
