import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, vi } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { BUSY_NEEDS, BusyHost, busyConfig } from '../helpers/busy-host.js';
import { systemTest } from '../helpers/programs.js';
import type { Server } from '../helpers/server.js';

/*
 * What goes wrong around the program: what `status` says of it, and that the gates go on.
 */

const CLOCK = fileURLToPath(new URL('../helpers/shifted-clock.mjs', import.meta.url));
const DAY_MS = 86_400_000;
/** Other tests run beside this one. */
const WAIT = { timeout: 30_000, interval: 100 };
const NEEDS = [...BUSY_NEEDS, 'unshare', 'nsenter', 'mount'];
const isPossible = process.getuid?.() === 0;
/** With more files from the registry than a test brings, all in the past. */
const firstDay = new Date(Date.now() - 5 * DAY_MS);

let host: BusyHost;
let daemon: Server;

async function start(made: BusyHost): Promise<void> {
  host = made;
  daemon = await host.startDaemon();
  await vi.waitFor(() => {
    expect(daemon.output()).toContain('the update is done');
  }, WAIT);
}

/** The kernel denies, and the DNSBL answers, by lists and by countries. */
async function expectGates(blocked = '198.51.100.7'): Promise<void> {
  const kernel = await host.kernelText();
  expect(kernel).toContain('45.4.0.0/25');
  expect(kernel).toContain(blocked);
  await expect.poll(() => host.lookUp(blocked), WAIT).toBe('NOERROR 127.0.0.2');
  expect(await host.country('45.4.0.1')).toBe('NOERROR "kr"');
}

/** @returns what it said, on standard output and error */
async function status(code: number): Promise<string> {
  const told = await host.run(['status']);
  const text = told.stdout + told.stderr;
  expect(told.code, text).toBe(code);
  return text;
}

describe('the disk of the state', () => {
  beforeAll(async () => {
    if (!isPossible) return;
    const made = await BusyHost.make(busyConfig(), { firstDay });
    await made.mountSmallDisk(3000);
    await start(made);
  });

  /** Takes all that is left. */
  function fill(): void {
    const file = openSync(join(host.state, 'filling'), 'w');
    try {
      const piece = Buffer.alloc(4096, 1);
      for (let k = 0; k < 10_000; k++) writeSync(file, piece);
      throw new Error('the disk took more than it has');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  systemTest('full: updates fail in words, blocks hold, and room mends it', NEEDS, async () => {
    await status(0);
    const before = host.read('web/apnic');
    fill();
    host.publish();
    const update = await host.run(['update']);
    expect([update.code, update.stderr]).toEqual([3, expect.stringContaining('no space left')]);
    expect(await status(3)).toMatch(/nothing can be kept: .*no space left/);
    await expectGates();
    await host.run(['block', '203.0.113.5']);
    await expectGates('203.0.113.5');
    expect(host.listed()).toEqual(['198.51.100.7', '203.0.113.5']);

    rmSync(join(host.state, 'filling'));
    expect(await host.run(['update'])).toMatchObject({ code: 0 });
    expect(host.read('web/apnic')).not.toBe(before);
    await status(0);
    await expectGates('203.0.113.5');
  });

  systemTest('read-only: nothing is begun by halves, also by a new daemon', NEEDS, async () => {
    const listed = host.listed();
    await host.remount('ro');
    const update = await host.run(['update']);
    expect([update.code, update.stderr]).toEqual([1, expect.stringContaining('read-only')]);
    const block = await host.run(['block', '203.0.113.9']);
    expect([block.code, block.stderr]).toEqual([1, expect.stringContaining('read-only')]);
    expect(host.listed()).toEqual(listed);
    expect(await status(3)).toMatch(/nothing can be kept: .*read-only/);
    await expectGates();
    await daemon.stop();
    daemon = await host.startDaemon();
    await expectGates();
    expect(daemon.output()).toContain('read-only');

    await host.remount('rw');
    expect(await host.run(['block', '203.0.113.9'])).toMatchObject({ code: 0 });
    await expectGates('203.0.113.9');
    await status(0);
  });
});

describe('time', () => {
  let shift: string;
  const setClock = (days: number): void => {
    writeFileSync(shift, String(days * DAY_MS));
  };

  beforeAll(async () => {
    if (!isPossible) return;
    shift = join(await temporaryFolder(), 'shift');
    setClock(0);
    const env = { SHIFT_FILE: shift, NODE_OPTIONS: `--import=${CLOCK}` };
    await start(await BusyHost.make(busyConfig(), { env, firstDay }));
  });

  systemTest('a registry that is down for a week: old data stays in force', NEEDS, async () => {
    await status(0);
    await host.closeRegistry();
    setClock(8);
    const untold = await status(3);
    expect(untold).toMatch(/the newest registry file is 1\d days old/);
    expect(untold).toMatch(/not reached for more than a week: apnic/);
    await expectGates();
    const update = await host.run(['update']);
    expect(update.code, update.stderr).toBe(3);
    expect(await status(3)).toMatch(/the last update succeeded only in part/);
    await expectGates();
    expect(await host.run(['block', '203.0.113.5'])).toMatchObject({ code: 0 });
    await expectGates('203.0.113.5');

    await host.openRegistry();
    host.publish();
    expect(await host.run(['update'])).toMatchObject({ code: 0 });
    expect(await status(3)).not.toMatch(/not reached|succeeded only in part/);
  });

  systemTest('a clock that jumps back eight days: nothing waits for it', NEEDS, async () => {
    await host.openRegistry(); // the one of the test before ended with it
    setClock(0);
    expect(await status(3)).toMatch(/the clock says .*, and yet .*: it jumped back/);
    await expectGates('203.0.113.5');
    expect(await host.run(['block', '203.0.113.9', '--for', '1h'])).toMatchObject({ code: 0 });
    await expectGates('203.0.113.9');
    host.publish();
    expect(await host.run(['update'])).toMatchObject({ code: 0, stderr: '' });
    await expectGates('203.0.113.9');
    await status(0);
    expect(daemon.output()).not.toContain('error:');
  });

  systemTest('entries with an end are timed anew, and end when the file says', NEEDS, async () => {
    await host.openRegistry();
    host.publish();
    setClock(0);
    const command = ['block', '203.0.113.11', '--for', '10d'];
    expect(await host.run(command)).toMatchObject({ code: 0 });
    const daysLeft = async (): Promise<number> => {
      const text = await host.kernelText();
      const [, days = '0', hours = '0'] =
        /203\.0\.113\.11 timeout \S+ expires (?:(\d+)d)?(?:(\d+)h)?/.exec(text) ?? [];
      return Math.round(Number(days) + Number(hours) / 24);
    };
    expect(await daysLeft()).toBe(10);
    setClock(-8);
    const told = await status(3);
    expect(told).not.toMatch(/does not hold what it should/);
    expect(told).toMatch(/entries with an end are timed by the clock as it was/);
    expect(await host.run(['update'])).toMatchObject({ code: 0 });
    expect(await daysLeft()).toBe(18);
    expect(await status(3)).toMatch(/drift: none/); // and data of the future, which is no fault here
    // the clock is set right: the time that was added goes again
    setClock(0);
    host.publish();
    expect(await host.run(['update'])).toMatchObject({ code: 0 });
    expect(await daysLeft()).toBe(10);
  });
});
