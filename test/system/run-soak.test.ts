import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { describe, expect, vi } from 'vitest';

import { lookAtServices } from '../../src/jobs/service-snapshot.js';
import { Agent } from '../helpers/agent.js';
import { BUSY_NEEDS, BusyHost, busyConfig } from '../helpers/busy-host.js';
import { LOAD } from '../helpers/dns-questions.js';
import { systemTest } from '../helpers/programs.js';

/*
 * `run` under load, and what memory it has in the end. An hour of it:
 *
 *   SEKISHO_SOAK_MINUTES=60 npx vitest run test/system/run-soak.test.ts
 */

const MINUTES = Number(process.env['SEKISHO_SOAK_MINUTES'] || '0.33');
const TOTAL_MS = MINUTES * 60_000;
/**
 * After six minutes the heap has its size. In its first seconds it has not: V8 lets a young heap
 * grow before it collects, and buffers of the first reloads come on top.
 */
const MOST_GROWTH = MINUTES >= 20 ? 1.1 : 1.5;
const SAMPLE_MS = 1000;
const UPDATE_EVERY_MS = 10_000;
const SETTLED = Math.min(0.5, Math.max(0.1, 0.1 / MINUTES));

const MAIL_SERVER = fileURLToPath(new URL('../../bench/mta/driver.mjs', import.meta.url));
const MILTER_PORT = 9900;
const METRICS_PORT = 9853;
const PARTS = `metrics: { listen: 127.0.0.1:${METRICS_PORT} }
milter:
  listen: ['127.0.0.1:${MILTER_PORT}']
  lists: { blocked: {} }
`;

interface Load {
  readonly answered: number;
  readonly lost: number;
  readonly wrong: readonly string[];
}

/** Resident memory, megabytes (VmRSS of proc(5)). */
function residentMb(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1024;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Blocks and frees, without end: the list has the same length all the time. */
async function byHand(host: BusyHost, endMs: number): Promise<number> {
  let count = 0;
  for (; performance.now() < endMs; count++) {
    const address = `203.0.${(count >> 7) & 127}.${(count & 127) * 2}`;
    expect(await host.run(['block', address, '--for', '1h'])).toMatchObject({ code: 0 });
    expect(await host.run(['unblock', address])).toMatchObject({ code: 0 });
  }
  return count;
}

async function updates(host: BusyHost, endMs: number): Promise<number> {
  let count = 0;
  for (; performance.now() < endMs; count++) {
    host.publish();
    const { code, stderr } = await host.run(['update', '--quiet']);
    expect(code, stderr).toBe(0);
    await sleep(Math.min(UPDATE_EVERY_MS, Math.max(0, endMs - performance.now())));
  }
  return count;
}

/** Sessions of a mail server with the milter. */
async function sessions(host: BusyHost, endMs: number): Promise<number> {
  const words = [MAIL_SERVER, String(MILTER_PORT), '500', '5', '50'];
  let count = 0;
  while (performance.now() < endMs) {
    const { code, stdout, stderr } = await host.network.run(process.execPath, words);
    expect(code, stderr).toBe(0);
    count += (JSON.parse(stdout) as { sessions: number }).sessions;
    await sleep(SAMPLE_MS);
  }
  return count;
}

/** Asks the daemon how it is, as `status` and Prometheus do. */
async function samples(
  host: BusyHost,
  { pid, load, endMs }: { pid: number; load: Agent; endMs: number },
): Promise<number[]> {
  const found: number[] = [];
  const url = `http://127.0.0.1:${METRICS_PORT}/metrics`;
  while (performance.now() < endMs) {
    found.push(residentMb(pid));
    expect(await load.ask<string>({ do: 'page', url })).toContain('\nsekisho_dnsbl_');
    expect(await lookAtServices(host.state)).toMatchObject({
      snapshots: [{ service: 'run', pid }],
    });
    await sleep(SAMPLE_MS);
  }
  return found;
}

describe('run under queries, mail, blocks and updates', () => {
  systemTest(
    `does not grow in ${MINUTES} minutes`,
    BUSY_NEEDS,
    async () => {
      const host = await BusyHost.make(busyConfig({ drift: '5s', more: PARTS }));
      const daemon = await host.startDaemon();
      await vi.waitFor(
        () => {
          expect(daemon.output()).toContain('the update is done');
        },
        { timeout: 30_000, interval: 50 },
      );
      const load = await Agent.start(host.network, LOAD);
      await load.ask({
        do: 'start',
        address: '127.0.0.1',
        port: 5300,
        window: 2,
        questions: [
          { name: '7.100.51.198.bl.example.net', type: 'A', answers: ['NOERROR 127.0.0.2'] },
          { name: '8.100.51.198.bl.example.net', type: 'A', answers: ['NXDOMAIN'] },
          { name: '1.0.0.45.cc.example.net', type: 'TXT', answers: ['NOERROR kr'] },
        ],
      });
      const endMs = performance.now() + TOTAL_MS;
      const [rss, blocks, runs, mails] = await Promise.all([
        samples(host, { pid: daemon.pid, load, endMs }),
        byHand(host, endMs),
        updates(host, endMs),
        sessions(host, endMs),
      ]);
      const { answered, lost, wrong } = await load.ask<Load>({ do: 'stop' });
      const place = Math.floor(rss.length * SETTLED);
      const width = Math.max(3, Math.floor(rss.length / 20));
      const settled = median(rss.slice(place, place + width));
      const last = median(rss.slice(-width));
      const every = Math.max(1, Math.floor(rss.length / 12));
      const told =
        `${blocks} blocks and as many unblocks, ${runs} updates, ${mails} sessions of the milter, ${answered} queries; RSS in MB: ` +
        rss
          .filter((_, k) => k % every === 0)
          .map((mb) => mb.toFixed(0))
          .join(' ') +
        `; settled ${settled.toFixed(1)}, at the end ${last.toFixed(1)}`;
      if (MINUTES >= 1) process.stdout.write(`${told}\n`);
      expect(wrong, told).toEqual([]);
      expect(lost, told).toBeLessThanOrEqual(answered / 100);
      expect(Math.min(blocks, mails), told).toBeGreaterThan(0);
      expect(last, told).toBeLessThanOrEqual(settled * MOST_GROWTH);
    },
    TOTAL_MS + 120_000,
  );
});
