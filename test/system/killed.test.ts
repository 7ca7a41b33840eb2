import { once } from 'node:events';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect } from 'vitest';

import { lastUpdatePath, readLastUpdate } from '../../src/jobs/last-update.js';
import { readStored } from '../../src/sources/store.js';
import { BUSY_NEEDS, BusyHost, busyConfig, kill } from '../helpers/busy-host.js';
import { judgingState } from '../helpers/nft-state.js';
import { systemTest } from '../helpers/programs.js';
import { Seeded } from '../helpers/seeded.js';

/*
 * Whatever is killed, whenever. More rounds than every run of the tests can afford:
 *
 *   SEKISHO_TEST_KILLS=300 SEKISHO_SEED=7 npx vitest run test/system/killed.test.ts
 */

const KILLS = Number(process.env['SEKISHO_TEST_KILLS'] || '10');
const SEED = Number(process.env['SEKISHO_SEED'] || '1');

type Victim = 'run' | 'update' | 'block';

/** Written anew at each run; a socket that was left is replaced. */
const MAY_STAY = ['state/services', 'state/services/run.sock', 'state/last-update.json'];

class Rounds {
  readonly host: BusyHost;
  readonly random: Seeded;
  readonly outcomes: Record<Victim, { killed: number; ended: number; old: number; new: number }> = {
    run: { killed: 0, ended: 0, old: 0, new: 0 },
    update: { killed: 0, ended: 0, old: 0, new: 0 },
    block: { killed: 0, ended: 0, old: 0, new: 0 },
  };
  /** How long each takes until its work is done, milliseconds. */
  readonly #tookMs: Record<Victim, number> = { run: 0, update: 0, block: 0 };
  #texts = new Set<string>();
  #names: readonly string[] = [];

  constructor(host: BusyHost, random: Seeded) {
    this.host = host;
    this.random = random;
  }

  async prepare(): Promise<void> {
    this.#texts.add(this.host.read('web/apnic'));
    await this.#finish('update', ['update']);
    await this.#finish('block', ['block', '203.0.113.1']);
    this.#publish();
    rmSync(lastUpdatePath(this.host.state));
    const start = performance.now();
    const daemon = await this.host.startDaemon();
    await expect.poll(() => readLastUpdate(this.host.state)?.trigger, WAIT).toBe('daemon');
    this.#tookMs.run = performance.now() - start;
    await daemon.stop();
    this.#names = this.host.fileNames();
  }

  /** @param number of the round, from 1 */
  async play(number: number): Promise<void> {
    const victim = this.random.pick<Victim>(['block', 'block', 'update', 'update', 'run']);
    // with gaps: neighbours would be one range in the kernel
    const address = `203.0.${number >> 7}.${(number & 127) * 2}`;
    const old = await judgingState(this.host.network);
    const listedBefore = this.host.listed();
    const command = this.#provoke(victim, address);
    const afterMs = this.random.below(this.#tookMs[victim] * 1.1);
    const all = this.random.chance(0.5);
    const what = `round ${number}: ${victim}${all ? ' and its children' : ''} after ${afterMs.toFixed(0)} ms`;
    const wasKilled = await this.#cutOff(command, afterMs, all);
    const held = await judgingState(this.host.network);
    this.#expectWholeFiles(what);
    const listedAfter = this.host.listed();
    const isNamed = victim === 'block' && listedAfter.includes(address);
    if (victim === 'block') {
      expect(listedAfter, what).toEqual(isNamed ? [...listedBefore, address] : listedBefore);
    }

    // the same again where it was a command; a daemon is followed by cron
    await this.#finish(
      victim === 'block' ? 'block' : 'update',
      victim === 'run' ? ['update'] : command,
    );
    const now = await judgingState(this.host.network);
    if (victim === 'block') {
      expect(this.host.listed(), what).toEqual([...listedBefore, address]);
      expect(now.join('').includes(JSON.stringify(address)), `${what}: in the kernel`).toBe(true);
    }
    expect(differing(old, now), `${what}: the next run did its work`).not.toEqual([]);
    const isOld = differing(old, held).length === 0;
    if (!isOld) expect(differing(held, now), `${what}: neither the old nor the new`).toEqual([]);
    const { outcomes } = this;
    outcomes[victim][wasKilled ? 'killed' : 'ended']++;
    outcomes[victim][isOld ? 'old' : 'new']++;
    const left = this.host.fileNames().filter((name) => !this.#names.includes(name));
    expect(
      left.filter((name) => !MAY_STAY.includes(name)),
      `${what}: left over`,
    ).toEqual([]);
    if (number % 10 === 0) await this.expectNoDrift(what);
  }

  async expectNoDrift(what: string): Promise<void> {
    const { stdout, stderr } = await this.host.run(['plan', '--json']);
    expect(JSON.parse(stdout), `${what} ${stderr}`).toMatchObject({ differs: false });
  }

  #publish(): void {
    this.host.publish();
    this.#texts.add(this.host.read('web/apnic'));
  }

  /** Gives it something to do. */
  #provoke(victim: Victim, address: string): string[] {
    if (victim === 'block') return ['block', address];
    if (victim === 'run' && this.random.chance(0.5)) {
      const text = this.host.read('lists/blocked.txt');
      this.host.write('lists/blocked.txt', `${text}${address} while nobody looked\n`);
      return ['run'];
    }
    this.#publish();
    // without a record an update is due at once
    if (victim === 'run') rmSync(lastUpdatePath(this.host.state));
    return [victim];
  }

  async #finish(which: Victim, command: readonly string[]): Promise<void> {
    const start = performance.now();
    expect(await this.host.run(command), command.join(' ')).toMatchObject({ code: 0 });
    this.#tookMs[which] = performance.now() - start;
  }

  async #cutOff(command: readonly string[], afterMs: number, all: boolean): Promise<boolean> {
    const child = this.host.spawn(command);
    const ended = once(child, 'exit');
    await Promise.race([ended, sleep(afterMs)]);
    const wasKilled = await kill(child, all);
    await this.host.untilQuiet();
    return wasKilled;
  }

  #expectWholeFiles(what: string): void {
    const { state } = this.host;
    for (const entry of readdirSync(state, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || !entry.name.endsWith('.json')) continue;
      const text = readFileSync(path, 'utf8');
      expect(() => JSON.parse(text) as unknown, `${what}: ${path} holds ${text}`).not.toThrow();
    }
    const stored = readStored(state, 'apnic');
    const text = Buffer.from(stored?.bytes ?? []).toString();
    expect(this.#texts.has(text), `${what}: the registry's file is one that was published`).toBe(
      true,
    );
    expect(this.host.read('lists/blocked.txt'), what).toMatch(
      /^# by hand\n198\.51\.100\.7 the first\n([^\n]+\n)*$/,
    );
  }
}

/** Lines that only one of them has, cut to a length that can be read. */
function differing(a: readonly string[], b: readonly string[]): string[] {
  const only = (one: readonly string[], other: ReadonlySet<string>): string[] =>
    one.filter((line) => !other.has(line));
  return [...only(a, new Set(b)), ...only(b, new Set(a))].map((line) => line.slice(0, 300));
}

/** Other tests run beside this one. */
const WAIT = { timeout: 30_000, interval: 50 };

describe('run, update and block, killed at random moments', () => {
  systemTest(
    'leave whole files, the old or the new firewall, and nothing in the way of the next run',
    BUSY_NEEDS,
    async () => {
      const host = await BusyHost.make(busyConfig());
      const rounds = new Rounds(host, new Seeded(SEED));
      await rounds.prepare();
      for (let number = 1; number <= KILLS; number++) await rounds.play(number);
      const counts = Object.values(rounds.outcomes);
      const told = `seed ${SEED}: ${JSON.stringify(rounds.outcomes)}`;
      if (KILLS > 100) process.stdout.write(`${told}\n`);
      expect(
        counts.reduce((sum, { killed }) => sum + killed, 0),
        told,
      ).toBeGreaterThan(KILLS / 2);

      const daemon = await host.startDaemon();
      const last = host.listed().at(-1) ?? '';
      await expect.poll(() => host.lookUp(last), WAIT).toBe('NOERROR 127.0.0.2');
      await expect.poll(() => daemon.output(), WAIT).toContain('keeping firewall, dnsbl');
      await rounds.expectNoDrift('at the end');
    },
    60_000 + KILLS * 15_000,
  );
});
