import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect } from 'vitest';

import { BUSY_NEEDS, BusyHost, busyConfig } from '../helpers/busy-host.js';
import { systemTest } from '../helpers/programs.js';

/** Other tests run beside this one. */
const WAIT = { timeout: 30_000, interval: 100 };
const LASTS_MS = 4000;

/** What people did by hand: addresses that are to be there at the end, and those that are not. */
interface Deeds {
  readonly kept: string[];
  readonly gone: string[];
}

async function blockAndUnblock(host: BusyHost, third: number, endMs: number): Promise<Deeds> {
  const deeds: Deeds = { kept: [], gone: [] };
  for (let k = 0; performance.now() < endMs || k < 4; k++) {
    const address = `203.0.${third}.${k * 2}`;
    expect(await host.run(['block', address]), address).toMatchObject({ code: 0 });
    if (k % 2 === 0) deeds.kept.push(address);
    else {
      expect(await host.run(['unblock', address]), address).toMatchObject({ code: 0 });
      deeds.gone.push(address);
    }
  }
  return deeds;
}

async function allowAndDisallow(host: BusyHost, endMs: number): Promise<Deeds> {
  const deeds: Deeds = { kept: [], gone: [] };
  for (let k = 0; performance.now() < endMs || k < 2; k++) {
    const [kept, gone] = [`198.18.0.${k * 4}`, `198.18.0.${k * 4 + 2}`] as const;
    expect(await host.run(['allow', kept, gone])).toMatchObject({ code: 0 });
    expect(await host.run(['disallow', gone])).toMatchObject({ code: 0 });
    deeds.kept.push(kept);
    deeds.gone.push(gone);
  }
  return deeds;
}

/** As cron would, only more often. @returns the last serial */
async function updateAgainAndAgain(host: BusyHost, endMs: number): Promise<string> {
  let serial = '';
  while (performance.now() < endMs) {
    serial = host.publish();
    const { code, stderr } = await host.run(['update', '--quiet']);
    expect(code, stderr).toBe(0);
  }
  return serial;
}

describe('the daemon, cron and three people at once', () => {
  systemTest(
    'lose nothing, and files, kernel and DNSBL agree',
    BUSY_NEEDS,
    async () => {
      const host = await BusyHost.make(busyConfig({ drift: '1s' }));
      const daemon = await host.startDaemon();
      await expect.poll(() => daemon.output(), WAIT).toContain('the update is done');

      const endMs = performance.now() + LASTS_MS;
      const [one, other, allowed, serial] = await Promise.all([
        blockAndUnblock(host, 1, endMs),
        blockAndUnblock(host, 2, endMs),
        allowAndDisallow(host, endMs),
        updateAgainAndAgain(host, endMs),
      ]);
      // those that gave way to another run may have left the last file to nobody
      expect(await host.run(['update'])).toMatchObject({ code: 0 });
      const kept = [...one.kept, ...other.kept];
      const gone = [...one.gone, ...other.gone];

      expect(host.listed().sort()).toEqual(['198.51.100.7', ...kept].sort());
      expect(host.listed('trusted').sort()).toEqual(['192.0.2.1', ...allowed.kept].sort());
      const kernel = await host.kernelText();
      const inKernel = (address: string): boolean =>
        new RegExp(`\\b${address.replaceAll('.', '\\.')}(?![\\d.])`).test(kernel);
      expect([...kept, ...allowed.kept].filter((address) => !inKernel(address))).toEqual([]);
      expect([...gone, ...allowed.gone].filter(inKernel)).toEqual([]);
      const plan = await host.run(['plan', '--json']);
      expect(JSON.parse(plan.stdout), plan.stderr).toMatchObject({ differs: false });
      expect(host.read('state/sources/delegated-apnic').split('|')[2]).toBe(serial);

      for (const address of [...kept.slice(-3), ...kept.slice(0, 2)]) {
        await expect.poll(() => host.lookUp(address), WAIT).toBe('NOERROR 127.0.0.2');
      }
      for (const address of gone.slice(-3)) {
        await expect.poll(() => host.lookUp(address), WAIT).toBe('NXDOMAIN');
      }
      expect(daemon.output()).not.toMatch(/error:|did not hold/);
      const left = ['state', 'lists', 'tmp'].flatMap((name) =>
        readdirSync(join(host.folder, name), { recursive: true, encoding: 'utf8' }),
      );
      expect(left.filter((name) => /\.tmp$|sekisho-/.test(name))).toEqual([]);
    },
    150_000,
  );
});
