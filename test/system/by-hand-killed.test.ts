import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import type { RunResult } from '../helpers/run.js';
import { MAIN } from '../helpers/sekisho.js';
import { statisticsText } from '../helpers/statistics-text.js';

const KILL = fileURLToPath(new URL('../helpers/kill-at-call.mjs', import.meta.url));

/** More calls than a `block` makes; the loop ends with the first run that is not killed. */
const MOST_CALLS = 60;

const configuration = (backend: string): string => `state: state
lists:
  asia: { countries: [KR] }
  blocked: { file: blocked.txt }
firewall:
  backend: ${backend}
  rules: [{ name: mail, tcp: [25], deny: [asia] }]
`;

class Host {
  readonly #network: Namespace;
  readonly #folder: string;

  private constructor(network: Namespace, folder: string) {
    this.#network = network;
    this.#folder = folder;
  }

  static async make(backend: string): Promise<Host> {
    const host = new Host(await Namespace.create(), await temporaryFolder());
    await writeFile(join(host.#folder, 'sekisho.yaml'), configuration(backend));
    await writeFile(join(host.#folder, 'delegated-apnic'), statisticsText());
    await writeFile(join(host.#folder, 'blocked.txt'), '# by hand\n192.0.2.1 # the first\n');
    expect(await host.run(['apply'])).toMatchObject({ code: 0 });
    return host;
  }

  run(words: readonly string[], env: Record<string, string> = {}): Promise<RunResult> {
    const program = env['KILL_AT'] === undefined ? [MAIN] : ['--import', KILL, MAIN];
    return this.#network.run(
      process.execPath,
      [...program, ...words, '--from', 'delegated-apnic', '--config', 'sekisho.yaml'],
      { cwd: this.#folder, env: { SSH_CONNECTION: '', ...env } },
    );
  }

  /** Whether the run was killed before its end. */
  async isKilled(words: readonly string[], at: string): Promise<boolean> {
    try {
      expect(await this.run(words, { KILL_AT: at })).toMatchObject({ code: 0 });
      return false;
    } catch (error) {
      if (String(error).includes('SIGKILL')) return true;
      throw error;
    }
  }

  /** First words of the lines of the list, comments left out. */
  async listed(): Promise<string[]> {
    const text = await readFile(join(this.#folder, 'blocked.txt'), 'utf8');
    expect(text).toMatch(/^# by hand\n192\.0\.2\.1 # the first\n/);
    expect(text.endsWith('\n')).toBe(true);
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return lines.map((line) => line.split(' ')[0] as string);
  }

  async differs(): Promise<boolean> {
    const { stdout } = await this.run(['plan', '--json']);
    return (JSON.parse(stdout) as { differs: boolean }).differs;
  }
}

describe.each([
  ['nftables', ['nft'], 1],
  // an apply of the whole firewall each time, so only some of its steps
  ['ipset', ['ipset', 'iptables-nft-restore'], 5],
])('`block` that is killed at any step, %s', (backend, programs, stride) => {
  systemTest(
    'leaves a whole file, and the next command brings the kernel after it',
    [...programs, 'namespace'],
    async () => {
      const host = await Host.make(backend);
      let kills = 0;
      let written = 0;
      for (let call = 1; call <= MOST_CALLS; call += stride) {
        const at = call % 2 === 0 ? `${call}+` : String(call);
        const address = `203.0.113.${call}`;
        if (!(await host.isKilled(['block', address], at))) break;
        kills++;
        const after = await host.listed();
        if (after.includes(address)) written++;
        const next = `198.51.100.${call}`;
        expect(await host.run(['block', next])).toMatchObject({ code: 0 });
        expect(await host.listed()).toEqual([...after, next]);
        expect({ at, differs: await host.differs() }).toEqual({ at, differs: false });
      }
      // some kills came before the file was renamed, some after
      expect(written).toBeGreaterThan(0);
      expect(kills).toBeGreaterThan(written);
      expect(kills).toBeLessThan(MOST_CALLS);
    },
    300_000,
  );
});
