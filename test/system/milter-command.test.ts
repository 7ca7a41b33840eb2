import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { MilterService, until } from '../helpers/milter-service.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import { sekisho } from '../helpers/sekisho.js';

const SCRIPT = fileURLToPath(new URL('../helpers/milter-script.lua', import.meta.url));
const DRIVER = fileURLToPath(new URL('../../bench/mta/driver.mjs', import.meta.url));

describe('miltertest', () => {
  systemTest('a script, over TCP and over a unix socket', ['miltertest', 'namespace'], async () => {
    const network = await Namespace.create();
    const { folder } = await MilterService.start(network);
    for (const place of ['inet:9900@127.0.0.1', `unix:${folder}/milter.sock`]) {
      const { code, stdout, stderr } = await network.run('miltertest', [
        ...['-D', `place=${place}`],
        ...['-s', SCRIPT],
      ]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout.trim().split('\n')).toEqual([
        '203.0.113.7 client.example <user@test.example> replycode',
        '203.0.113.7 client.example <postmaster@test.example> continue',
        'end continue',
        'header added',
        'header deleted',
        '203.0.113.8 client.example <user@test.example> replycode',
        '192.0.2.1 client.example <user@test.example> continue',
        'end continue',
        'header added',
        '192.0.2.1 bare <user@test.example> replycode',
      ]);
    }
  });
});

describe('sekisho milter', () => {
  systemTest('signals: SIGHUP, SIGUSR1, SIGTERM', ['namespace'], async () => {
    const network = await Namespace.create();
    const milter = await MilterService.start(network);
    const said = (text: string): Promise<void> =>
      until(() => milter.server.output().includes(text));
    milter.write('sekisho.yaml', 'milter: { observe: perhaps }\n');
    milter.server.signal('SIGHUP');
    await said('the old configuration stays');
    expect(milter.server.output()).toContain('milter.observe: found "perhaps"; expected a boolean');
    milter.server.signal('SIGUSR1');
    await said('sessions 0, messages 0, recipients 0');
    await milter.server.stop();
    expect(statSync(join(milter.folder, 'milter.sock'), { throwIfNoEntry: false })).toBeUndefined();
  });

  const sessions = Number(process.env['SEKISHO_MILTER_SESSIONS'] ?? '6000');
  systemTest(
    `memory is flat over ${sessions} sessions`,
    ['namespace'],
    async () => {
      const network = await Namespace.create();
      const milter = await MilterService.start(network);
      const load = async (count: number): Promise<void> => {
        const words = [DRIVER, '9900', String(count), '20', '50'];
        const options = { timeoutMs: 1_500_000 };
        const { stdout } = await network.run(process.execPath, words, options);
        expect(JSON.parse(stdout)).toMatchObject({ sessions: count });
      };
      await load(Math.ceil(sessions / 2));
      const before = residentMiB(milter.server.pid);
      await load(Math.floor(sessions / 2));
      // V8 takes some more before it collects; a leak of 100 bytes a session would be 50 MB a million
      expect(residentMiB(milter.server.pid) - before).toBeLessThan(30);
    },
    1_800_000,
  );
});

describe('sekisho config check', () => {
  systemTest('looks into the part and its rules', [], async () => {
    const check = async (rules: string): Promise<string> => {
      const folder = await temporaryFolder();
      writeFileSync(join(folder, 'rules.conf'), rules);
      writeFileSync(join(folder, 'sekisho.yaml'), 'milter: { rules: rules.conf }\n');
      const { code, stderr } = await sekisho(['config', 'check'], { cwd: folder });
      return `${code} ${stderr.replaceAll(folder, '')}`;
    };
    expect(await check('reject "x"\nhelo /(/e\n')).toMatch(/^2 .*\/rules\.conf:2: found "\/\(\/e"/);
    expect(await check('reject "x"\nbody /x/\n')).toMatch(/^0 .*rules\.conf:2: .*it is left out/);
  });
});

/** Resident memory (proc(5)). */
function residentMiB(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1]) / 1024;
}
