import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';

import { beforeAll, afterAll, describe, expect, test } from 'vitest';

import { MetricsPart } from '../../src/daemon/metrics-part.js';
import type { MetricsInput } from '../../src/daemon/metrics-text.js';

const NOW_MS = Date.parse('2026-11-20T04:17:00Z');
const COUNTS = { queries: 21, listed: 6, empty: 5, nxdomain: 4, errors: 3, dropped: 2, limited: 1 };
const LISTEN = ['127.0.0.1:5300'];

const INPUT: MetricsInput = {
  nowMs: NOW_MS,
  version: '1.2.3',
  snapshot: {
    format: 1,
    service: 'run',
    pid: 1,
    version: '1.2.3',
    startedAt: '2026-11-20T00:00:00Z',
    configFile: null,
    configuredAt: '2026-11-20T00:00:00Z',
    nextRunAt: '2026-11-21T04:17:00Z',
    nextFeedAt: '2026-11-21T04:27:00Z',
    lastRuns: [],
    parts: { dnsbl: { state: 'running', restarts: 2 }, milter: { state: 'failed', restarts: 1 } },
    dnsbl: {
      listen: LISTEN,
      zones: [{ name: 'bl.example.net', state: 'ready', serial: 7, entries: 9, ...COUNTS }],
      totals: COUNTS,
      ratePerSecond: 1,
      listedByList: { asia: 6 },
      loadedAt: '2026-11-20T00:00:01Z',
    },
    drift: {
      lastCheckAt: '2026-11-20T04:00:00Z',
      lastRepairAt: null,
      repairs: 3,
      lastDifference: [],
      heldBack: null,
    },
    warnings: [],
  },
  ages: [
    { registry: 'apnic', serial: '20261119', serialTimeMs: NOW_MS - 60_000, storedAtMs: NOW_MS },
    { registry: 'arin' },
  ],
  record: {
    format: 1,
    trigger: 'daemon',
    startedAt: '2026-11-20T04:10:00Z',
    endedAt: '2026-11-20T04:10:30Z',
    exitCode: 3,
    warnings: [],
    registries: [
      { registry: 'apnic', outcome: 'updated', message: '', goodAt: '2026-11-20T04:10:30Z' },
    ],
    feeds: [],
    lists: [{ list: 'asia', ranges4: 2, addresses4: 512, ranges6: 1, addresses6: 2 ** 96 }],
    leftOut: {},
    expired: 0,
    exported: 0,
    firewall: 'applied',
  },
  denied: [{ rule: 'ssh', list: 'outside', packets: 11, bytes: 660 }],
};

/** Rules of https://prometheus.io/docs/practices/naming/ that a program can check. */
function lint(text: string): string[] {
  const faults: string[] = [];
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((m) => [m[1], m[2]]));
  const helps = new Map([...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map((m) => [m[1], m[2]]));
  for (const [name = '', type] of types) {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) faults.push(`${name}: characters`);
    if (!name.startsWith('sekisho_')) faults.push(`${name}: prefix`);
    if ((type === 'counter') !== name.endsWith('_total')) faults.push(`${name}: _total`);
    if (/_(count|sum|bucket)$/.test(name)) faults.push(`${name}: of a histogram`);
    if (/(milliseconds|minutes|hours|days|kilobytes|kib|mib|percent)/.test(name))
      faults.push(`${name}: unit`);
    if (/(age|duration|timestamp)/.test(name) && !name.endsWith('_seconds'))
      faults.push(`${name}: seconds`);
    if (/_(gauge|counter|info_.*)$/.test(name)) faults.push(`${name}: type in the name`);
    if (!/^[A-Z].{10,}\.$/.test(helps.get(name) ?? '')) faults.push(`${name}: help`);
  }
  for (const [, name = '', labels = ''] of text.matchAll(/^(\w+)\{(.*)\} /gm)) {
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) {
      if (!/^[a-z][a-z_]*$/.test(label) || label.startsWith('__')) faults.push(`${name}{${label}}`);
      if (['le', 'quantile', 'job', 'instance'].includes(label))
        faults.push(`${name}{${label}}: taken`);
      if (name.includes(`_by_${label}`)) faults.push(`${name}: label ${label} in the name`);
    }
  }
  return faults;
}

interface Reply {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('metrics over HTTP', () => {
  let port: number;
  let part: MetricsPart;
  let gathered = 0;
  const died = (error: unknown): void => {
    throw error;
  };
  const get = (
    path: string,
    method = 'GET',
    headers: Record<string, string> = {},
  ): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
        let body = '';
        response.on('data', (piece: Buffer) => (body += piece.toString()));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
      });
      sent.on('error', reject);
      sent.end();
    });

  beforeAll(async () => {
    port = await freePort();
    part = new MetricsPart({ address: '127.0.0.1', port }, () => {
      gathered++;
      return new Promise((resolve) =>
        setTimeout(() => {
          resolve(INPUT);
        }, 50),
      );
    });
    await part.start(died);
  });

  afterAll(() => part.stop());

  test('tell what there is, and leave out what is not known', async () => {
    const { status, headers, body } = await get('/metrics');
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    for (const line of [
      'sekisho_build_info{version="1.2.3",service="run"} 1',
      'sekisho_registry_data_age_seconds{registry="apnic"} 60',
      'sekisho_registry_stored_age_seconds{registry="apnic"} 0',
      'sekisho_next_update_timestamp_seconds 1795234620',
      'sekisho_next_feed_timestamp_seconds 1795235220',
      'sekisho_update_duration_seconds 30',
      'sekisho_update_success 0',
      'sekisho_list_addresses{list="asia",family="ipv4"} 512',
      'sekisho_list_ranges{list="asia",family="ipv6"} 1',
      'sekisho_firewall_denied_packets_total{rule="ssh",list="outside"} 11',
      'sekisho_firewall_denied_bytes_total{rule="ssh",list="outside"} 660',
      'sekisho_drift_repairs_total 3',
      'sekisho_dnsbl_queries_total{zone="bl.example.net",result="nxdomain"} 4',
      'sekisho_dnsbl_listed_total{list="asia"} 6',
      'sekisho_part_up{part="milter"} 0',
    ]) {
      expect(body.split('\n')).toContain(line);
    }
    expect(body).toMatch(/^process_resident_memory_bytes \d+$/m);
    expect(body).not.toContain('arin');
  });

  test('keep the naming rules; the lint bites', async () => {
    const { body } = await get('/metrics');
    const own = body
      .split('\n')
      .filter((line) => /sekisho_/.test(line))
      .join('\n');
    expect([...own.matchAll(/^# TYPE /gm)].length).toBeGreaterThan(20);
    expect(lint(own)).toEqual([]);
    const bad =
      '# HELP sekisho_x:y no\n# TYPE sekisho_x:y gauge\n# TYPE sekisho_age_days counter\nsekisho_list{list="a"} 1\n';
    expect(lint(bad).length).toBeGreaterThanOrEqual(4);
  });

  test('GET and HEAD of /metrics, and nothing else', async () => {
    const head = await get('/metrics', 'HEAD');
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(Number(head.headers['content-length'])).toBeGreaterThan(1000);
    expect(await get('/metrics', 'POST')).toMatchObject({ status: 405 });
    for (const path of ['/', '/metrics/', '/../etc/passwd', '//metrics']) {
      expect(await get(path), path).toMatchObject({ status: 404 });
    }
    expect(await get('/metrics', 'GET', { 'X-Long': 'x'.repeat(10_000) })).toMatchObject({
      status: 431,
    });
  });

  test('who asks at the same time is answered from one reading', async () => {
    const before = gathered;
    await Promise.all(Array.from({ length: 8 }, () => get('/metrics')));
    expect(gathered - before).toBeLessThan(8);
  });

  test('a port that is taken is told', async () => {
    const second = new MetricsPart({ address: '127.0.0.1', port }, () => Promise.resolve(INPUT));
    await expect(second.start(died)).rejects.toThrow(`127.0.0.1:${port}`);
    await second.stop();
  });
});
