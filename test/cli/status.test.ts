import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { lastUpdatePath } from '../../src/jobs/last-update.js';
import type { StatusReport } from '../../src/jobs/status/report.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { published } from '../helpers/fetching.js';
import { TestServer } from '../helpers/http-server.js';
import { systemTest } from '../helpers/programs.js';
import { type RunResult, run } from '../helpers/run.js';
import { MAIN, sekisho } from '../helpers/sekisho.js';
import { statisticsText } from '../helpers/statistics-text.js';

let folder: string;

const NOBODY = 65_534;

function configure(more: string): void {
  writeFileSync(
    join(folder, 'sekisho.yaml'),
    `state: state\nsources: { registries: [apnic], urls: { apnic: ['${url}'] }, tries: 1 }\n` +
      `lists: { east: { countries: [KR] } }\n${more}\n`,
  );
}

let url: string;

async function status(): Promise<RunResult & { readonly report: StatusReport }> {
  const result = await sekisho(['status', '--json'], { cwd: folder });
  return { ...result, report: JSON.parse(result.stdout) as StatusReport };
}

function names({ findings }: StatusReport): string[] {
  return findings.map(({ severity, name }) => `${severity} ${name}`);
}

/** Runs status in a mount namespace of its own, behind a script. */
async function statusBehind(script: string): Promise<StatusReport> {
  const words = ['--mount', 'sh', '-c', `set -e\n${script}\n"$1" "$2" status --json || true`];
  const { stdout, stderr } = await run('unshare', [...words, 'sh', process.execPath, MAIN], {
    cwd: folder,
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as StatusReport;
}

describe('status without a firewall and without a DNSBL', () => {
  beforeAll(async () => {
    folder = await temporaryFolder();
    const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    const records = [
      { cc: 'KR', start: '203.0.113.0', value: 128 },
      { cc: 'JP', start: '192.0.2.0', value: 256 },
    ];
    const server = await TestServer.start(
      published('/apnic', statisticsText({ serial: today, records })),
    );
    url = server.url('/apnic');
    configure('');
  });

  test('before the first update: no data is a failure, and says what to do', async () => {
    const { code, report } = await status();
    expect(code).toBe(1);
    expect(names(report)).toEqual(['failure data-unread']);
    expect(report.failures[0]).toMatch(/run `sekisho update`/);
    expect(report).toMatchObject({ lastUpdate: null, state: { state: 'absent' }, drift: null });
  });

  test('nor is it one where nothing is made of countries', async () => {
    const own = await temporaryFolder();
    writeFileSync(join(own, 'blocked.txt'), '203.0.113.9\n');
    writeFileSync(
      join(own, 'sekisho.yaml'),
      'state: state\nlists: { blocked: { file: blocked.txt } }\n',
    );
    const { code, stdout, stderr } = await sekisho(['status', '--json'], { cwd: own });
    const report = JSON.parse(stdout) as StatusReport;
    expect({ code, stderr, names: names(report) }).toEqual({ code: 0, stderr: '', names: [] });
    expect(report.lists).toMatchObject([{ list: 'blocked', ranges4: 1 }]);
    const zone = 'dnsbl: { zones: [{ name: cc.example.net, kind: country }] }\n';
    writeFileSync(join(own, 'sekisho.yaml'), zone, { flag: 'a' });
    expect((await sekisho(['status'], { cwd: own })).stdout).toContain(
      'failure: no statistics file',
    );
  });

  test('after an update, all is well', async () => {
    expect((await sekisho(['update'], { cwd: folder })).code).toBe(0);
    const { code, stderr, report } = await status();
    expect({ code, stderr, findings: report.findings }).toEqual({
      code: 0,
      stderr: '',
      findings: [],
    });
    expect(report).toMatchObject({
      healthy: true,
      backend: null,
      lists: [{ list: 'east', ranges4: 1, ranges6: 0 }],
      lastUpdate: { exitCode: 0, trigger: 'command' },
      registries: [{ registry: 'apnic', storedAt: expect.stringMatching(/^20/) as string }],
      nextRunAt: null,
      services: [],
      state: { state: 'writable' },
    });
    expect(readdirSync(join(folder, 'state')).filter((name) => /probe/.test(name))).toEqual([]);
  });

  test('is one screen of plain lines in a pipe', async () => {
    configure("schedule: '17 4 * * *'");
    const { code, stdout } = await sekisho(['status'], { cwd: folder });
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeLessThan(24);
    expect(lines[0]).toMatch(/: no failure, no warning$/);
    expect(stdout).toContain('firewall: none in the configuration\n');
    expect(stdout).toMatch(/^data: apnic \d+ h \(fetched 0 min ago\)$/m);
    expect(stdout).toMatch(
      /^last update: 20\S+ by command: done; firewall none, 0 files written$/m,
    );
    expect(stdout).toMatch(/^next run: 20\S+ by the schedule, if cron or a timer follows it/m);
    expect(stdout).toContain('services: none answers\n');
    expect(stdout).toContain('east\t1\t0\n');
  });

  test('two missed runs of the schedule, and an update of the future', async () => {
    const path = lastUpdatePath(join(folder, 'state'));
    const text = readFileSync(path, 'utf8');
    const record = JSON.parse(text) as Record<string, unknown>;
    const move = (days: number): void => {
      const time = new Date(Date.now() + days * 86_400_000).toISOString();
      writeFileSync(path, JSON.stringify({ ...record, startedAt: time, endedAt: time }));
    };
    move(-3);
    expect(names((await status()).report)).toEqual(['warning update-overdue']);
    move(1);
    expect(names((await status()).report)).toEqual(['warning clock-back']);
    writeFileSync(path, '{');
    expect(names((await status()).report)).toEqual(['warning update-unread']);
    writeFileSync(path, text);
    expect((await status()).code).toBe(0);
  });

  systemTest('a full disk, and one that is read-only', ['root', 'unshare', 'mount'], async () => {
    const before = readdirSync(join(folder, 'state')).sort();
    mkdirSync(join(folder, 'disk'));
    const full = await statusBehind(`mount -t tmpfs -o size=1m tmpfs disk
cp -R state/. disk
dd if=/dev/zero of=disk/rest bs=4k 2>rest.log || true
mount --bind disk state`);
    expect(names(full)).toEqual(['warning state-unwritable']);
    expect(full.warnings[0]).toMatch(/no space left on the device: make room/);
    const readOnly = await statusBehind('mount --bind state state; mount -o remount,ro,bind state');
    expect(names(readOnly)).toEqual(['warning state-unwritable']);
    expect(readOnly.warnings[0]).toMatch(/the file system is read-only/);
    expect(readdirSync(join(folder, 'state')).sort()).toEqual(before);
  });

  systemTest(
    'a user who may not read the kernel is told so',
    ['root', 'nft', 'setpriv'],
    async () => {
      configure('firewall: { rules: [{ name: ssh, tcp: [22], deny: [east] }] }');
      await chown(folder, NOBODY, NOBODY);
      const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
      const words = [...user, process.execPath, MAIN, 'status', '--json'];
      const { code, stdout, stderr } = await run('setpriv', words, { cwd: folder });
      expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
      const report = JSON.parse(stdout) as StatusReport;
      expect(names(report)).toEqual(['warning firewall-unread']);
      expect(report.warnings[0]).toMatch(
        /the kernel was not compared: no firewall can be used here/,
      );
      expect(report).toMatchObject({ drift: null, healthy: true, state: { state: 'denied' } });
      expect(report.lists).toHaveLength(1);
    },
  );
});
