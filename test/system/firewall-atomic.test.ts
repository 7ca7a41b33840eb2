import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { describe, expect } from 'vitest';

import { Agent } from '../helpers/agent.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { FirewallNetwork, LISTS, type Told, type Wish } from '../helpers/firewall-network.js';
import { Namespace } from '../helpers/namespace.js';
import { judgingState } from '../helpers/nft-state.js';
import { programEnvironment, programPath, run } from '../helpers/run.js';
import { systemTest } from '../helpers/programs.js';
import { MAIN } from '../helpers/sekisho.js';
import { statisticsText } from '../helpers/statistics-text.js';
import { type Probe, probeDuring } from '../helpers/steady-probes.js';

/*
 * An apply on nftables is whole or not at all, for packets that come meanwhile and where the
 * program dies. More rounds than every run of the tests can afford:
 *
 *   SEKISHO_TEST_APPLIES=200 SEKISHO_TEST_KILLS=100 npx vitest run test/system/firewall-atomic.test.ts
 */

const APPLIES = Number(process.env['SEKISHO_TEST_APPLIES'] || '42');
const KILLS = Number(process.env['SEKISHO_TEST_KILLS'] || '20');
const NEEDS = ['namespace', 'ip', 'nft'];
const FIREWALL_AGENT = fileURLToPath(new URL('../helpers/firewall-agent.mjs', import.meta.url));

/** Single addresses with gaps between, in the networks for benchmarks (RFC 2544, RFC 5180). */
function filler(count: number, offset: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const value = 4 * i + offset;
    return i % 2 === 0
      ? `198.18.${(value >> 8) & 255}.${value & 255}`
      : `2001:2:0:${value.toString(16)}::/64`;
  });
}

function listsWith(asia: readonly string[], home: readonly string[]): Wish['lists'] {
  return {
    ...LISTS,
    asia: [...(LISTS['asia'] ?? []), ...asia],
    home: [...(LISTS['home'] ?? []), ...home],
  };
}

const ONE_RULES = [
  { name: 'ssh', tcp: [22], only: ['home', 'office'] },
  { name: 'mail', tcp: [25, 465], deny: ['asia'] },
];
const OTHER_RULES = [
  { name: 'dns', udp: [53], deny: ['asia'], action: 'reject' },
  { name: 'ssh', tcp: ['20-23'], only: ['home'] },
  { name: 'all_mail', tcp: [25, '6000-6010'], deny: ['office', 'asia'] },
];
const ONE_LISTS = listsWith(filler(2000, 0), []);
const OTHER_LISTS = listsWith(filler(1600, 2), ['192.0.2.128/25', '2001:db8:d:1::/64']);

const wish = (rules: readonly unknown[], lists: Wish['lists']): Wish => ({
  firewall: { rules },
  lists,
});

/** One after the other, round and round: other lists, other rules, then both at once. */
const ROUND = [
  wish(ONE_RULES, ONE_LISTS),
  wish(ONE_RULES, OTHER_LISTS),
  wish(OTHER_RULES, OTHER_LISTS),
];

describe.each(['nft', 'netlink'])('packets during an apply, elements by %s', (path) => {
  systemTest(
    'get the verdict that old and new rules agree on',
    NEEDS,
    async () => {
      const network = await FirewallNetwork.create({ backend: 'nftables' });
      const firewall = await Agent.start(network.server, FIREWALL_AGENT, ['nftables', path]);
      const apply = (what: Wish | undefined): Promise<Told> =>
        firewall.ask<Told>({ do: 'apply', ...what });
      await apply(ROUND[0]);
      const probes: Probe[] = [
        { name: 'denied', expected: 'dropped', ask: () => network.tcp('denied', 25) },
        { name: 'allowed', expected: 'open', ask: () => network.tcp('unlisted', 25) },
        { name: 'in only', expected: 'open', ask: () => network.tcp('home', 22) },
        { name: 'outside of only', expected: 'dropped', ask: () => network.tcp('unlisted', 22) },
      ];
      const applies = Math.ceil(APPLIES / 2); // as many by each element path
      const results = await probeDuring(probes, 40, async () => {
        for (let k = 1; k <= applies; k++) {
          const told = await apply(ROUND[k % ROUND.length]);
          expect(told.rules.length + told.lists.length, `apply ${k}`).toBeGreaterThan(0);
        }
      });
      for (const { name } of probes) {
        const { count = 0, wrong } = results.get(name) ?? {};
        expect(count, name).toBeGreaterThan(applies);
        expect(wrong, `${name}: of ${count} verdicts`).toEqual([]);
      }
    },
    30_000 + APPLIES * 3_000,
  );
});

/** A host whose two configurations share the state but neither rules nor lists. */
class TwoConfigurations {
  readonly network: Namespace;
  readonly #folder: string;

  private constructor(network: Namespace, folder: string) {
    this.network = network;
    this.#folder = folder;
  }

  static async make(): Promise<TwoConfigurations> {
    const host = new TwoConfigurations(await Namespace.create(), await temporaryFolder());
    await writeFile(join(host.#folder, 'delegated-apnic'), statisticsText());
    await host.#write('old', ONE_RULES, ONE_LISTS);
    await host.#write('new', OTHER_RULES, OTHER_LISTS);
    return host;
  }

  async #write(name: string, rules: unknown, lists: Wish['lists']): Promise<void> {
    await mkdir(join(this.#folder, name));
    for (const [list, lines] of Object.entries(lists)) {
      await writeFile(join(this.#folder, name, list), lines.join('\n') + '\n');
    }
    const files = Object.keys(lists).map((list) => [list, { file: `${name}/${list}` }]);
    const firewall = { backend: 'nftables', rules };
    // JSON is YAML
    const text = JSON.stringify({ state: 'state', lists: Object.fromEntries(files), firewall });
    await writeFile(join(this.#folder, `${name}.yaml`), text);
  }

  #words(name: string): string[] {
    const from = join(this.#folder, 'delegated-apnic');
    const config = join(this.#folder, `${name}.yaml`);
    return [MAIN, 'apply', '--config', config, '--from', from];
  }

  /** @returns how long it took, milliseconds */
  async apply(name: string): Promise<number> {
    const start = performance.now();
    const { code, stderr } = await this.network.run(process.execPath, this.#words(name), {
      env: { SSH_CONNECTION: '' },
    });
    expect(code, stderr).toBe(0);
    return performance.now() - start;
  }

  /** What runs inside: process id, state and command line. */
  async #running(): Promise<string[]> {
    const { stdout } = await run('ip', ['netns', 'pids', this.network.name]);
    return Promise.all(stdout.split('\n').filter(Boolean).map(processText));
  }

  /**
   * SIGKILL to the program alone: an nft that it started goes on, and is waited for.
   *
   * @returns whether it was still running
   */
  async applyKilled(name: string, afterMs: number): Promise<boolean> {
    const child = spawn(
      programPath('ip'),
      ['netns', 'exec', this.network.name, process.execPath, ...this.#words(name)],
      { env: programEnvironment({ SSH_CONNECTION: '' }), stdio: 'ignore' },
    );
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    await Promise.race([ended, sleep(afterMs)]);
    child.kill('SIGKILL');
    const [, signal] = await ended;
    for (let waited = 0; waited < 10_000; waited += 20) {
      if ((await this.#running()).length === 0) return signal === 'SIGKILL';
      await sleep(20);
    }
    const left = (await this.#running()).join('; ');
    throw new Error(`what apply started did not end within 10 s: ${left}`);
  }
}

async function processText(id: string): Promise<string> {
  const [state, words] = await Promise.all(
    ['stat', 'cmdline'].map((name) => readFile(`/proc/${id}/${name}`, 'utf8').catch(() => 'ended')),
  );
  return `${state?.split(' ').slice(0, 3).join(' ')} ${words?.replaceAll('\0', ' ')}`;
}

describe('an apply that is killed', () => {
  systemTest(
    'leaves the old ruleset or the new one, and the next apply completes',
    NEEDS,
    async () => {
      const host = await TwoConfigurations.make();
      const states: Record<string, string[]> = {};
      let tookMs = 0;
      for (const name of ['new', 'old', 'new', 'old']) {
        tookMs = await host.apply(name);
        states[name] ??= await judgingState(host.network);
        expect(await judgingState(host.network), name).toEqual(states[name]);
      }
      expect(states['new']).not.toEqual(states['old']);
      const outcomes = { old: 0, new: 0, killed: 0 };
      let [from, to] = ['old', 'new'];
      for (let k = 0; k < KILLS; k++) {
        // the first third is the start of Node and the reading of files
        const afterMs = tookMs * (0.3 + 0.7 * Math.random());
        if (await host.applyKilled(to, afterMs)) outcomes.killed += 1;
        const held = await judgingState(host.network);
        const isOld = JSON.stringify(held) === JSON.stringify(states[from]);
        outcomes[isOld ? 'old' : 'new'] += 1;
        if (!isOld) expect(held, `killed after ${afterMs.toFixed(0)} ms`).toEqual(states[to]);
        tookMs = await host.apply(to);
        expect(await judgingState(host.network), 'the next apply').toEqual(states[to]);
        [from, to] = [to, from];
      }
      expect(outcomes.killed, JSON.stringify(outcomes)).toBeGreaterThan(KILLS / 4);
    },
    60_000 + KILLS * 15_000,
  );
});
