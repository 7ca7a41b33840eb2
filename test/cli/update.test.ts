import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { DOWNLOAD_LOCK, takeLock } from '../../src/util/lock.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { published } from '../helpers/fetching.js';
import { type Handler, type Route, TestServer } from '../helpers/http-server.js';
import { type RunResult, run } from '../helpers/run.js';
import { MAIN } from '../helpers/sekisho.js';
import { type TestRecord, statisticsText } from '../helpers/statistics-text.js';

const APNIC: TestRecord[] = [
  { cc: 'KR', start: '203.0.113.0', value: 128 },
  { cc: 'KR', start: '2001:220::', value: 32 },
];
const ARIN: TestRecord[] = [{ cc: 'KR', start: '203.0.113.128', value: 128 }];
const FEED = '192.0.2.0/24 ; SBL1\n198.51.100.7\n';

/** A host with a configuration, and the servers it fetches from. */
class Host {
  readonly folder: string;
  readonly server: TestServer;

  constructor(folder: string, server: TestServer) {
    this.folder = folder;
    this.server = server;
  }

  static async make(routes: Record<string, Route> = everything()): Promise<Host> {
    const host = new Host(await temporaryFolder(), await TestServer.start(routes));
    await writeFile(join(host.folder, 'blocked.txt'), '198.51.100.0/24 until=2999-12-31 spam\n');
    await writeFile(
      join(host.folder, 'sekisho.yaml'),
      `state: state
sources:
  registries: [apnic, arin]
  urls: { apnic: [${host.server.url('/apnic')}], arin: [${host.server.url('/arin')}] }
  tries: 1
  idle_timeout: 2s
lists:
  east: { countries: [KR] }
  blocked: { file: blocked.txt }
  drop: { url: '${host.server.url('/drop')}' }
  both: { lists: [east, drop] }
exports:
  - { format: nft, file: out/sekisho.nft, lists: [east, blocked] }
  - { format: cidr, file: 'out/{list}.cidr', family: 4 }
`,
    );
    return host;
  }

  /** As cron runs it: next to no environment, and not from our folder. */
  async cron(...args: string[]): Promise<RunResult> {
    const config = join(this.folder, 'sekisho.yaml');
    const words = ['-i', 'PATH=/usr/bin:/bin', process.execPath, MAIN, ...args, '--config', config];
    return run('env', words, { cwd: '/' });
  }

  read(name: string): string | undefined {
    const path = join(this.folder, 'out', name);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }
}

function everything(): Record<string, Route> {
  return {
    ...published('/apnic', statisticsText({ records: APNIC })),
    ...published('/arin', statisticsText({ registry: 'arin', records: ARIN, extended: true })),
    '/drop': { body: FEED },
  };
}

const SILENT: RunResult = { code: 0, stdout: '', stderr: '' };

describe('update under cron', () => {
  test('writes every file and prints nothing', async () => {
    const host = await Host.make();
    expect(await host.cron('update')).toEqual(SILENT);
    expect(host.read('east.cidr')).toBe('203.0.113.0/24\n');
    expect(host.read('blocked.cidr')).toBe('198.51.100.0/24\n');
    expect(host.read('both.cidr')).toBe('192.0.2.0/24\n198.51.100.7/32\n203.0.113.0/24\n');
    expect(host.read('sekisho.nft')).toMatch(
      /east_v4[^]*203\.0\.113\.0\/24[^]*east_v6[^]*2001:220::\/32/,
    );
    expect(host.read('sekisho.nft')).toMatch(/^# Sekisho, from apnic 20260601 \(plain\), arin/);
    // a second run, where there is nothing new
    expect(await host.cron('update')).toEqual(SILENT);
  });

  test('--summary prints the table of lists', async () => {
    const host = await Host.make();
    const { code, stdout } = await host.cron('update', '--summary');
    expect(code).toBe(0);
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'list\trecords\tranges\tprefixes\taddresses\tof IPv4\tranges v6\tprefixes v6',
      'east\t3\t1\t1\t256\t0.00 %\t1\t1',
      'blocked\t1\t1\t1\t256\t0.00 %\t0\t0',
    ]);
  });

  test('a run that finds another update at work says so and exits 0', async () => {
    const host = await Host.make();
    const attempt = await takeLock(join(host.folder, 'state'), {
      command: 'sekisho update',
      name: DOWNLOAD_LOCK,
    });
    expect(attempt.lock).toBeDefined();
    const { code, stdout, stderr } = await host.cron('update');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(
      /^sekisho: another run \(sekisho update, process \d+, since .*nothing done\n$/,
    );
    expect(host.server.requests).toEqual([]);
    attempt.lock?.release();
    expect(await host.cron('update')).toEqual(SILENT);
  });

  test('nobody who blocks waits for a download', async () => {
    let end = (): void => undefined;
    const slow: Handler = (_, response) => {
      response.write('2|arin|');
      end = () => response.end('cut off');
    };
    const host = await Host.make({ ...everything(), '/arin': slow });
    const update = host.cron('update');
    await expect.poll(() => host.server.requests.map(({ path }) => path)).toContain('/arin');
    const blocked = await host.cron('block', '203.0.113.77');
    expect(blocked).toMatchObject({ code: 0, stderr: '' });
    expect(host.read('../blocked.txt')).toContain('203.0.113.77 since=');
    // it was still under way
    expect((await host.cron('update')).stderr).toMatch(
      /\(sekisho update, .* holds .*download\.lock/,
    );
    end();
    const { code, stderr } = await update;
    expect({ code, stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/arin/) as string,
    });
    expect(host.read('blocked.cidr')).toContain('203.0.113.77/32');
  });

  test('a run that finds a short one at work waits for its end, and does its own work', async () => {
    const host = await Host.make();
    const { lock } = await takeLock(join(host.folder, 'state'), { command: 'sekisho block' });
    expect(lock).toBeDefined();
    const update = host.cron('update');
    setTimeout(() => lock?.release(), 200);
    expect(await update).toEqual(SILENT);
    expect(host.server.requests).not.toEqual([]);
  });

  test('a registry that cannot be had: the rest is done, old data stays, exit code 3', async () => {
    const host = await Host.make();
    expect(await host.cron('update')).toEqual(SILENT);
    host.server.restart({
      ...everything(),
      '/arin': { status: 500 },
      '/arin.md5': { status: 500 },
    });
    const { code, stdout, stderr } = await host.cron('update');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^sekisho: arin unreachable: .*500.*; the file of 20260601 stays\n$/);
    expect(host.read('east.cidr')).toBe('203.0.113.0/24\n');
  });

  test('a first run without one registry works with what there is and says what lacks', async () => {
    const host = await Host.make({ ...everything(), '/arin': { status: 404 } });
    const { code, stderr } = await host.cron('update');
    expect(code).toBe(3);
    expect(stderr).toMatch(/arin unreachable: .*; there is no older file\n/);
    expect(stderr).toMatch(/no file of arin yet: countries are incomplete\n/);
    expect(host.read('east.cidr')).toBe('203.0.113.0/25\n');
  });

  test('no registry at all: one line, exit code 1, nothing written', async () => {
    const host = await Host.make({});
    const { code, stdout, stderr } = await host.cron('update');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.split('\n').filter((line) => line.includes('registry'))).toHaveLength(1);
    expect(existsSync(join(host.folder, 'out'))).toBe(false);
  });

  test('a fall past the limit is refused until it is accepted', async () => {
    const host = await Host.make();
    expect(await host.cron('update')).toEqual(SILENT);
    const fallen = statisticsText({
      serial: '20260602',
      records: [{ cc: 'KR', start: '203.0.113.0', value: 64 }],
    });
    host.server.restart({ ...everything(), ...published('/apnic', fallen) });
    const refused = await host.cron('update');
    expect(refused.code).toBe(3);
    expect(refused.stderr).toMatch(/apnic refused: .*KR.*the file of 20260601 stays/);
    expect(host.read('east.cidr')).toBe('203.0.113.0/24\n');
    expect(await host.cron('update', '--accept', 'apnic')).toEqual(SILENT);
    expect(host.read('east.cidr')).toBe('203.0.113.0/26\n203.0.113.128/25\n');
  });
});

describe('lists in an update', () => {
  test('a feed that turns into an error page keeps its last good copy', async () => {
    const host = await Host.make();
    await host.cron('update');
    host.server.restart({ ...everything(), '/drop': { body: '<html><body>gone</body></html>' } });
    const { code, stderr } = await host.cron('update');
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /list drop: found "<html><body>gone<\/body><\/html>" and no address in it; .*last good copy stays/,
    );
    expect(host.read('drop.cidr')).toBe('192.0.2.0/24\n198.51.100.7/32\n');
  });

  test('a feed that another list leaves out is not taken with a line that cannot be read', async () => {
    const host = await Host.make();
    const config = join(host.folder, 'sekisho.yaml');
    const text = readFileSync(config, 'utf8');
    await writeFile(
      config,
      text.replace('{ countries: [KR] }', '{ countries: [KR], except: [drop] }'),
    );
    expect(await host.cron('update')).toEqual(SILENT);
    host.server.restart({ ...everything(), '/drop': { body: `${FEED}203.0.113/24\n` } });
    const { code, stderr } = await host.cron('update');
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /list drop: line 3: found "203\.0\.113\/24"; .*leaves this one out.*last good copy stays/,
    );
    expect(host.read('east.cidr')).toBe('203.0.113.0/24\n');
    // where no other list leaves it out, the lines that can be read are taken
    await writeFile(config, text);
    const taken = await host.cron('update');
    expect(taken.code).toBe(3);
    expect(taken.stderr).toMatch(/drop\.txt:3: found "203\.0\.113\/24"; .*The line is left out/);
  });

  test('a feed is asked for with its validators', async () => {
    const host = await Host.make({
      ...everything(),
      '/drop': { body: FEED, headers: { etag: '"7"' } },
    });
    await host.cron('update');
    host.server.restart({ ...everything(), '/drop': { status: 304 } });
    expect(await host.cron('update')).toEqual(SILENT);
    const request = host.server.requests.find(({ path }) => path === '/drop');
    expect(request?.headers['if-none-match']).toBe('"7"');
    expect(host.read('drop.cidr')).toBe('192.0.2.0/24\n198.51.100.7/32\n');
  });

  test('a list whose feed never came is left out, with those made from it; others are made', async () => {
    const host = await Host.make({ ...everything(), '/drop': { status: 404 } });
    const { code, stderr } = await host.cron('update');
    expect(code).toBe(3);
    expect(stderr).toMatch(/list drop is left out: its feed has no copy yet/);
    expect(stderr).toMatch(/list both is left out: it is made from list drop/);
    expect(host.read('both.cidr')).toBeUndefined();
    expect(host.read('east.cidr')).toBe('203.0.113.0/24\n');
  });

  test('an export that cannot be written does not stop the others', async () => {
    const host = await Host.make();
    const config = join(host.folder, 'sekisho.yaml');
    const rules = [
      '  - { format: tcprules, file: out/tcp, lists: [east] }',
      '  - { format: cidr, file: out/last.cidr, lists: [blocked] }',
      '',
    ].join('\n');
    await writeFile(config, readFileSync(config, 'utf8') + rules);
    const { code, stderr } = await host.cron('update');
    expect(code).toBe(3);
    expect(stderr).toMatch(/out\/tcp is not written anew: tcprules.*--family 4/);
    expect(host.read('tcp')).toBeUndefined();
    expect(host.read('last.cidr')).toBe('198.51.100.0/24\n');
  });

  test('a bad line of a manual list is told and left out, exit code 3', async () => {
    const host = await Host.make();
    await writeFile(join(host.folder, 'blocked.txt'), '198.51.100.0/24\n198.51.100/24\n');
    const { code, stderr } = await host.cron('update');
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /blocked\.txt:2: found "198\.51\.100\/24"; expected .*The line is left out/,
    );
    expect(host.read('blocked.cidr')).toBe('198.51.100.0/24\n');
  });

  test('a manual list of which no line can be read stops the build and does not become empty', async () => {
    const host = await Host.make();
    await host.cron('update');
    await writeFile(join(host.folder, 'blocked.txt'), '<html>\n<body>\n');
    const { code, stderr } = await host.cron('update');
    expect(code).toBe(1);
    expect(stderr).toMatch(/blocked\.txt:1: found "<html>".*No line of list blocked can be read/);
    expect(host.read('blocked.cidr')).toBe('198.51.100.0/24\n');
  });

  test('thousands of bad lines are told by the first ones and a count', async () => {
    const host = await Host.make();
    const bad = Array.from({ length: 3000 }, (_, k) => `line ${k}\n`).join('');
    await writeFile(join(host.folder, 'blocked.txt'), `198.51.100.0/24\n${bad}`);
    const { code, stderr } = await host.cron('update');
    expect(code).toBe(3);
    expect(stderr.split('\n')).toHaveLength(22);
    expect(stderr).toMatch(/2980 more lines are left out/);
  });

  test('a run whose messages nobody reads does its work all the same', async () => {
    const host = await Host.make();
    await writeFile(join(host.folder, 'blocked.txt'), '198.51.100.0/24\n198.51.100/24\n');
    const script = '"$0" "$@" 2> >(exec true)';
    const config = join(host.folder, 'sekisho.yaml');
    const words = ['-c', script, process.execPath, MAIN, 'update', '--config', config];
    expect((await run('bash', words)).code).toBe(3);
    expect(host.read('blocked.cidr')).toBe('198.51.100.0/24\n');
  });

  test('a missing list file stops the build; what was written before stays', async () => {
    const host = await Host.make();
    await host.cron('update');
    const config = join(host.folder, 'sekisho.yaml');
    await writeFile(
      config,
      readFileSync(config, 'utf8').replace('file: blocked.txt', 'file: none.txt'),
    );
    const { code, stderr } = await host.cron('update');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /list blocked cannot be read: .*none\.txt: no such file or directory; expected a file/,
    );
    expect(host.read('blocked.cidr')).toBe('198.51.100.0/24\n');
  });
});

test('update --from is offline: no request, no state, lists and files all the same', async () => {
  const host = await Host.make();
  const data = join(host.folder, 'delegated-apnic');
  await writeFile(data, statisticsText({ records: APNIC }));
  const { code, stderr } = await host.cron('update', '--from', data);
  expect(code).toBe(3); // the feed is in the state
  expect(stderr).toMatch(
    /list drop is left out: its feed is in the state, which --from does not read/,
  );
  expect(host.server.requests).toEqual([]);
  expect(existsSync(join(host.folder, 'state'))).toBe(false);
  expect(host.read('east.cidr')).toBe('203.0.113.0/25\n');
});
