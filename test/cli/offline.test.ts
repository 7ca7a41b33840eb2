import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { run } from '../helpers/run.js';
import { MAIN, sekisho } from '../helpers/sekisho.js';
import { type TestRecord, statisticsText } from '../helpers/statistics-text.js';

const APNIC: TestRecord[] = [
  { cc: 'CN', start: '221.200.0.0', value: 262144 },
  { cc: 'KR', start: '1.11.0.0', value: 65536 },
  { cc: 'KR', start: '203.0.113.0', value: 128 },
  { cc: 'KR', start: '2001:220::', value: 32 },
  { cc: 'JP', start: '133.0.0.0', value: 49152 },
];
const ARIN: TestRecord[] = [{ cc: 'KR', start: '203.0.113.128', value: 128 }];

let folder: string;
let apnic: string;
let arin: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  apnic = join(folder, 'delegated-apnic');
  arin = join(folder, 'delegated-arin');
  await writeFile(apnic, statisticsText({ records: APNIC }));
  await writeFile(arin, statisticsText({ registry: 'arin', records: ARIN, extended: true }));
});

describe('export --from', () => {
  test('writes one merged list of several countries to standard output', async () => {
    const args = ['export', '--from', apnic, arin, '--country', 'KR,CN', '--format', 'cidr'];
    expect(await sekisho(args, { cwd: folder })).toEqual({
      code: 0,
      stdout: '1.11.0.0/16\n203.0.113.0/24\n221.200.0.0/14\n2001:220::/32\n',
      stderr: '',
    });
  });

  test('takes every word up to the next option, and --', async () => {
    const before = await sekisho([
      'export',
      '--family',
      '4',
      '--from',
      apnic,
      arin,
      '--country',
      'kr',
    ]);
    expect(before).toMatchObject({ code: 0, stdout: '1.11.0.0/16\n203.0.113.0/24\n' });
    const { code, stdout } = await sekisho(['why', '--from', apnic, arin, '--', '203.0.113.200']);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('arin') });
  });

  test('writes one family', async () => {
    const args = ['export', '--from', apnic, '--country', 'KR', '--family', '6'];
    expect((await sekisho(args)).stdout).toBe('2001:220::/32\n');
  });

  test('--all writes a file for each country and family', async () => {
    const out = join(await temporaryFolder(), 'made', 'here');
    const args = ['export', '--from', folder, '--all', '--format', 'cidr', '--out', out];
    expect(await sekisho(args)).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const files = ['cn', 'jp', 'kr'].flatMap((cc) => [`${cc}-ipv4.cidr`, `${cc}-ipv6.cidr`]);
    expect(readdirSync(out).sort()).toEqual(['.sekisho-export.json', ...files]);
    const read = (name: string): string => readFileSync(join(out, name), 'utf8');
    expect(read('kr-ipv4.cidr')).toBe('1.11.0.0/16\n203.0.113.0/24\n');
    expect(read('kr-ipv6.cidr')).toBe('2001:220::/32\n');
    expect(read('jp-ipv4.cidr')).toBe('133.0.0.0/17\n133.0.128.0/18\n');
    expect(read('jp-ipv6.cidr')).toBe('');
  });

  test('--out names a file; several lists in it need a format that keeps them apart', async () => {
    const out = await temporaryFolder();
    const nft = join(out, 'world.nft');
    expect(
      await sekisho(['export', '--from', apnic, '--all', '--format', 'nft', '--out', nft]),
    ).toMatchObject({ code: 0 });
    expect(readFileSync(nft, 'utf8')).toMatch(/add set inet sekisho cn_v4[^]*jp_v6[^]*kr_v4/);
    const toOne = await sekisho(['export', '--from', apnic, '--all']);
    expect(toOne).toMatchObject({ code: 2, stdout: '' });
    expect(toOne.stderr).toMatch(/cidr holds one list a file, found 3 lists; give a folder/);
  });

  test('names the list', async () => {
    const nameIn = async (...args: string[]): Promise<string | undefined> => {
      const { stdout } = await sekisho(['export', '--from', apnic, '--format', 'nft', ...args]);
      return /add set inet sekisho (\S+)_v4/.exec(stdout)?.[1];
    };
    expect(await nameIn('--country', 'KR,CN')).toBe('kr_cn');
    expect(await nameIn('--country', 'asia')).toBe('asia');
    expect(await nameIn('--country', 'KR', '--name', 'east')).toBe('east');
  });

  test('refuses past --max-lines, and nothing is written', async () => {
    const out = join(await temporaryFolder(), 'x');
    const args = ['export', '--from', apnic, '--country', 'KR', '--max-lines', '2', '--out', out];
    const { code, stderr } = await sekisho(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/cidr: more than 2 lines/);
    expect(existsSync(out)).toBe(false);
  });

  test('a closed pipe is no error', async () => {
    const lines = Array.from({ length: 40_000 }, (_, k) => ({
      cc: 'KR',
      start: `${1 + (k >> 15)}.${(k >> 7) & 255}.${(k & 127) * 2}.0`,
      value: 256,
    }));
    const big = join(await temporaryFolder(), 'delegated-apnic');
    await writeFile(big, statisticsText({ records: lines }));
    const script = '"$0" "$@" | head -n 1; echo "${PIPESTATUS[0]}"';
    const args = ['-c', script, process.execPath, MAIN, 'export', '--from', big, '--country', 'KR'];
    expect(await run('bash', args)).toEqual({ code: 0, stdout: '1.0.0.0/24\n0\n', stderr: '' });
  });
});

test('countries --json has the fixed fields', async () => {
  const { code, stdout } = await sekisho(['countries', '--from', apnic, arin, '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual([
    {
      cc: 'CN',
      name: 'China',
      records4: 1,
      ranges4: 1,
      prefixes4: 1,
      addresses4: 262144,
      records6: 0,
      ranges6: 0,
      prefixes6: 0,
    },
    {
      cc: 'JP',
      name: 'Japan',
      records4: 1,
      ranges4: 1,
      prefixes4: 2,
      addresses4: 49152,
      records6: 0,
      ranges6: 0,
      prefixes6: 0,
    },
    {
      cc: 'KR',
      name: 'South Korea',
      records4: 3,
      ranges4: 2,
      prefixes4: 2,
      addresses4: 65792,
      records6: 1,
      ranges6: 1,
      prefixes6: 1,
    },
  ]);
  const { stdout: table } = await sekisho(['countries', '--from', apnic]);
  expect(table).toMatch(/^cc\tname\trecords4/);
  expect(table).toMatch(/^KR\tSouth Korea\t2\t2\t2\t65664\t1\t1\t1$/m);
});

describe('why --from', () => {
  test('--json has the fixed fields', async () => {
    const addresses = ['221.200.232.93', '203.0.113.200', '2001:220::1', '10.0.0.1'];
    const { code, stdout } = await sekisho(['why', '--from', apnic, arin, '--json', ...addresses]);
    expect(code).toBe(0);
    const unconfigured = { holdings: [], entries: [], firewall: null, dns: null, hits: null };
    expect(JSON.parse(stdout)).toEqual([
      {
        ...unconfigured,
        address: '221.200.232.93',
        cc: 'CN',
        delegation: {
          registry: 'apnic',
          cc: 'CN',
          start: '221.200.0.0',
          value: 262144,
          date: '20110412',
          status: 'allocated',
        },
        lists: [],
      },
      {
        ...unconfigured,
        address: '203.0.113.200',
        cc: 'KR',
        delegation: {
          registry: 'arin',
          cc: 'KR',
          start: '203.0.113.128',
          value: 128,
          date: '20110412',
          status: 'allocated',
        },
        lists: [],
      },
      {
        ...unconfigured,
        address: '2001:220::1',
        cc: 'KR',
        delegation: {
          registry: 'apnic',
          cc: 'KR',
          start: '2001:220::',
          value: 32,
          date: '20110412',
          status: 'allocated',
        },
        lists: [],
      },
      { ...unconfigured, address: '10.0.0.1', cc: null, delegation: null, lists: [] },
    ]);
  });

  test('answers on one line, with the configured lists', async () => {
    const config = join(folder, 'lists.yaml');
    await writeFile(
      config,
      'lists: { east: { countries: [KR, CN] }, hand: { file: hand.txt }, all: { lists: [east, hand] } }\n',
    );
    await writeFile(join(folder, 'hand.txt'), '10.0.0.0/8 lab\n');
    const args = ['why', '--from', apnic, '--config', config, '--', '221.200.232.93', '10.0.0.1'];
    const { stdout } = await sekisho(args);
    expect(stdout.split('\n')).toEqual([
      '221.200.232.93  CN China  apnic: 221.200.0.0 + 262144 addresses allocated 2011-04-12  lists: east, all',
      '10.0.0.1  no country  in no record of the statistics files at hand  lists: hand, all',
      '',
    ]);
  });

  test('refuses what is no address', async () => {
    const { code, stdout, stderr } = await sekisho(['why', '--from', apnic, '--', '1.2.3']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(
      'sekisho: found "1.2.3"; expected an IPv4 address of four octets such as 192.0.2.1\n',
    );
  });
});

test('why: where records of two countries overlap, country and record agree', async () => {
  const path = join(await temporaryFolder(), 'delegated-apnic');
  const records = ['KR', 'CN'].map((cc) => ({ cc, start: '203.0.113.0', value: 256 }));
  await writeFile(path, statisticsText({ records }));
  const { stdout } = await sekisho(['why', '--from', path, '--json', '--', '203.0.113.7']);
  expect(JSON.parse(stdout)).toMatchObject([{ cc: 'KR', delegation: { cc: 'KR' } }]);
});

describe('--from a folder', () => {
  test.each([
    ['with nothing in it', async () => Promise.resolve(), /found no delegated-… or \.csv file/],
    [
      'with only a folder of that name',
      async (place: string) => mkdir(join(place, 'delegated-apnic')),
      /found no delegated-… or \.csv file/,
    ],
    [
      'with a link to nothing',
      async (place: string) => symlink('/nonexistent', join(place, 'delegated-apnic')),
      /delegated-apnic: no such file or directory; expected a file or folder that can be read/,
    ],
  ])('%s is refused', async (_, fill, message) => {
    const place = await temporaryFolder();
    await fill(place);
    const { code, stdout, stderr } = await sekisho(['countries', '--from', place, '--json']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

test('a full disk under standard output is told in a line', async () => {
  const script = '"$0" "$@" > /dev/full';
  const words = ['-c', script, process.execPath, MAIN, 'countries', '--from', apnic];
  const { code, stderr } = await run('bash', words);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^sekisho: cannot write standard output: no space left on the device: .*\n$/,
  );
});

describe('wrong usage is exit code 2, a word on standard error, nothing on standard output', () => {
  test.each([
    [['exprt'], /unknown command 'exprt'/],
    [[], /Usage: sekisho/],
    [['export', '--from', 'APNIC', '--country', 'XX'], /Found "XX"; expected an ISO 3166-1 code/],
    [['export', '--from', 'APNIC', '--country', 'KR', '--format', 'x'], /Allowed choices are cidr/],
    [
      ['export', '--from', 'APNIC', '--country', 'KR', '--all'],
      /--country and --all; expected one/,
    ],
    [['export', '--from', 'APNIC'], /no lists in the configuration; give --country/],
    [
      ['export', '--from', 'APNIC', '--country', 'KR', '--max-lines', '0'],
      /Expected a number of lines/,
    ],
    [
      ['export', '--from', '/nonexistent', '--country', 'KR'],
      /nonexistent: no such file or directory; expected a file or folder that can be read/,
    ],
    [
      ['export', '--country', 'KR', '--config', '/nonexistent.yaml'],
      /configuration cannot be read/,
    ],
    [['config', 'check', '--config', '/nonexistent.yaml'], /configuration cannot be read/],
    [['config', 'check', '--config', '/'], /configuration cannot be read: \/: illegal operation/],
    [
      ['export', '--from', 'APNIC', '--country', 'KR', '--action', 'DROP'],
      /format cidr has no place for an action, found "DROP"/,
    ],
    [
      ['export', '--from', 'APNIC', '--country', 'KR', '--format', 'ip6tables', '--family', '4'],
      /format ip6tables holds no IPv4/,
    ],
  ])('%j', async (args, message) => {
    const words = args.map((word) => (word === 'APNIC' ? apnic : word));
    const { code, stdout, stderr } = await sekisho(words, { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

test('a damaged file is refused: exit code 1, the place, nothing on standard output', async () => {
  const bad = join(await temporaryFolder(), 'delegated-apnic');
  await writeFile(bad, statisticsText({ records: APNIC }).slice(0, -5));
  const { code, stdout, stderr } = await sekisho(['export', '--from', bad, '--country', 'KR']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/delegated-apnic: found a last line without its end.*The file is refused/);
});

test('--version and --help answer on standard output', async () => {
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as {
    version: string;
  };
  expect(await sekisho(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  for (const args of [['--help'], ['help'], ['help', 'export'], ['export', '--help']]) {
    const { code, stdout } = await sekisho(args);
    expect(code, args.join(' ')).toBe(0);
    expect(stdout).toContain(args.includes('export') ? '--country <codes...>' : 'countries');
  }
});

describe('config', () => {
  test('check tells that a configuration is good, or what is wrong with it', async () => {
    const place = await temporaryFolder();
    await writeFile(join(place, 'sekisho.yaml'), 'lists: { b: { file: b.txt } }\n');
    await writeFile(join(place, 'b.txt'), '192.0.2.1\n');
    expect(await sekisho(['config', 'check'], { cwd: place })).toEqual({
      code: 0,
      stdout: './sekisho.yaml: good, 1 lists\n',
      stderr: '',
    });
    await writeFile(join(place, 'b.txt'), '192.0.2.1\n192.0.2\n192.0.2.1/24\n');
    const bad = await sekisho(['config', 'check'], { cwd: place });
    expect(bad).toMatchObject({ code: 2, stdout: '' });
    expect(bad.stderr).toMatch(
      /b\.txt:2: found "192\.0\.2"; expected.*\n.*b\.txt:3: found "192\.0\.2\.1\/24"/,
    );
    await writeFile(join(place, 'sekisho.yaml'), 'exports: [{ format: nfq, file: x }]\n');
    const format = await sekisho(['config', 'check'], { cwd: place });
    expect(format.stderr).toMatch(
      /sekisho\.yaml:1: exports\.0\.format: found "nfq"; expected one of cidr/,
    );
  });

  test('example is a good configuration with a minute of its own', async () => {
    const { stdout } = await sekisho(['config', 'example']);
    const minutes = new Set<string | undefined>();
    for (let k = 0; k < 6; k++) {
      const { stdout: text } = await sekisho(['config', 'example']);
      minutes.add(/^schedule: (\d+) 4 \* \* \*$/m.exec(text)?.[1]);
    }
    expect(minutes).not.toContain(undefined);
    expect(minutes.size).toBeGreaterThan(1);
    const place = await temporaryFolder();
    await writeFile(join(place, 'sekisho.yaml'), stdout.replaceAll('lists/', ''));
    for (const name of ['trusted.txt', 'blocked.txt']) await writeFile(join(place, name), '');
    expect(await sekisho(['config', 'check'], { cwd: place })).toMatchObject({ code: 0 });
    const shown = await sekisho(['config', 'show'], { cwd: place });
    expect(JSON.parse(shown.stdout)).toMatchObject({ lists: { home: { countries: ['JP'] } } });
  });
});
