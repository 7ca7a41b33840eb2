import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { Client } from '../../../src/dnsbl/answer/client.js';
import { Responder } from '../../../src/dnsbl/answer/responder.js';
import { newCounters } from '../../../src/dnsbl/answer/counters.js';
import { compileZones } from '../../../src/dnsbl/index/compile.js';
import { maskKey } from '../../../src/dnsbl/server/query-line.js';
import { QueryLog } from '../../../src/dnsbl/server/query-log.js';
import {
  QueryRingReader,
  QueryRingWriter,
  newQueryRing,
} from '../../../src/dnsbl/server/query-ring.js';
import { formatName, parseName } from '../../../src/dnsbl/wire/name.js';
import { temporaryFolder } from '../../helpers/cleanup.js';

const wire = (text: string): Uint8Array => parseName(text) as Uint8Array;

const ZONES = compileZones([{ name: wire('bl.test'), answers: [], groups: [] }]);

/** A responder that has just answered a question, and what it answered. */
function answered(name: string): { responder: Responder; bytes: Uint8Array; size: number } {
  const responder = new Responder(ZONES, newCounters(1, 0));
  const bytes = new Uint8Array(512);
  const query = Buffer.concat([
    Uint8Array.of(0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0),
    wire(name),
    Uint8Array.of(0, 16, 0, 1),
  ]);
  bytes.set(query);
  const size = responder.answer(bytes, 0, query.length, 512, new Client(), 'udp');
  return { responder, bytes, size };
}

test('what is written is read, in order, round after round', () => {
  const ring = newQueryRing();
  const writer = new QueryRingWriter(ring, { which: 'all', sample: 1 });
  const reader = new QueryRingReader(ring);
  const { responder, bytes, size } = answered('x.bl.test');
  const client = new Client();
  let next = 0;
  for (let round = 0; round < 10; round++) {
    for (let k = 0; k < 5000; k++, next++) {
      client.set4(next);
      writer.write(responder, client, bytes, 0, size, next);
    }
    const records = [...reader.read()];
    const times = Array.from({ length: 5000 }, (_, k) => round * 5000 + k);
    expect(records.map(({ timeMs }) => timeMs)).toEqual(times);
    expect(records.map(({ words }) => words[0])).toEqual(times);
    expect(new Set(records.map(({ name }) => formatName(name)))).toEqual(new Set(['x.bl.test']));
    expect(records.at(-1)).toMatchObject({ rcode: 3, type: 16, klass: 1, family: 4, size });
  }
  expect(reader.takeLost()).toBe(0);
});

test('a full ring loses the newest and says how many', () => {
  const ring = newQueryRing();
  const writer = new QueryRingWriter(ring, { which: 'all', sample: 1 });
  const reader = new QueryRingReader(ring);
  const { responder, bytes, size } = answered('x.bl.test');
  for (let k = 0; k < 20_000; k++) writer.write(responder, new Client(), bytes, 0, size, k);
  const times = [...reader.read()].map(({ timeMs }) => timeMs);
  expect(times).toEqual(Array.from({ length: 16_384 }, (_, k) => k));
  expect(reader.takeLost()).toBe(20_000 - 16_384);
  expect(reader.takeLost()).toBe(0);
});

test('listed only, and a share of all', () => {
  const { responder, bytes, size } = answered('x.bl.test');
  const count = (which: 'all' | 'listed', sample: number): number => {
    const ring = newQueryRing();
    const writer = new QueryRingWriter(ring, { which, sample });
    for (let k = 0; k < 1000; k++) writer.write(responder, new Client(), bytes, 0, size, k);
    return [...new QueryRingReader(ring).read()].length;
  };
  expect(count('listed', 1)).toBe(0);
  expect(count('all', 1)).toBe(1000);
  expect(count('all', 0.25)).toBe(250);
  expect(count('all', 0.001)).toBeLessThanOrEqual(1);
});

test('keys are masked where they stand, and nowhere else', () => {
  const closed = [wire('key.test')];
  const masked = (name: string): string => formatName(maskKey(wire(name), closed));
  expect(masked('4.3.2.1.secret.key.test')).toBe('4.3.2.1.*.key.test');
  expect(masked('secret.key.test')).toBe('*.key.test');
  expect(masked('key.test')).toBe('key.test');
  expect(masked('secret.monkey.test')).toBe('secret.monkey.test');
  expect(masked('key.test.example')).toBe('key.test.example');
});

test('a file that cannot be opened is an error, and lines end up in one that can', async () => {
  const folder = await temporaryFolder();
  const told: string[] = [];
  const report = (_: string, text: string): void => void told.push(text);
  const bad = new QueryLog({ which: 'all', sample: 1, file: join(folder, 'no', 'log') }, report);
  expect(() => {
    bad.open();
  }).toThrow(/cannot write the query log .*there is no such folder/);

  const file = join(folder, 'log');
  const log = new QueryLog({ which: 'all', sample: 1, file }, report);
  log.open();
  const writer = log.newWriter();
  const { responder, bytes, size } = answered('x.bl.test');
  const client = new Client();
  client.set4(0xc0000201);
  for (let k = 0; k < 300; k++) writer.write(responder, client, bytes, 0, size, 1000);
  log.stop();
  const lines = readFileSync(file, 'utf8').split('\n');
  expect(lines).toHaveLength(301);
  expect(new Set(lines)).toEqual(new Set([`1 192.0.2.1 x.bl.test TXT IN: NXDOMAIN/0/${size}`, '']));
  expect(told).toEqual([]);
});

test('a file that may lack is told, and opened anew once it can be', async () => {
  const folder = join(await temporaryFolder(), 'no');
  const file = join(folder, 'log');
  const told: string[] = [];
  const report = (_: string, text: string): void => void told.push(text);
  const log = new QueryLog({ which: 'all', sample: 1, file, mayLack: true }, report);
  log.open();
  const writer = log.newWriter();
  const { responder, bytes, size } = answered('x.bl.test');
  const client = new Client();
  client.set4(0xc0000201);
  // more than a ring holds: nothing is kept, nothing is told of it
  for (let k = 0; k < 20_000; k++) {
    writer.write(responder, client, bytes, 0, size, 1000);
    if (k % 10_000 === 0) log.drain();
  }
  log.drain();
  log.reopen();
  mkdirSync(folder);
  log.reopen();
  writer.write(responder, client, bytes, 0, size, 2000);
  log.stop();
  expect(readFileSync(file, 'utf8')).toBe(`2 192.0.2.1 x.bl.test TXT IN: NXDOMAIN/0/${size}\n`);
  expect(told).toEqual([
    expect.stringMatching(
      /cannot write the query log .*there is no such folder.*; there is no log/,
    ),
    expect.stringMatching(/there is no such folder.*; there is no log$/),
  ]);
});
