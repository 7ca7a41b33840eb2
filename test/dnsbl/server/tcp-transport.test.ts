import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { newCounters } from '../../../src/dnsbl/answer/counters.js';
import { compileZones } from '../../../src/dnsbl/index/compile.js';
import { FrameReader } from '../../../src/dnsbl/server/frames.js';
import type { TransferHandler } from '../../../src/dnsbl/server/tcp-connection.js';
import { TCP_LIMITS, TcpTransport } from '../../../src/dnsbl/server/tcp-transport.js';
import { parseName } from '../../../src/dnsbl/wire/name.js';
import { cleanUp } from '../../helpers/cleanup.js';
import { freePort } from '../../helpers/server.js';

const NAME = parseName('bl.test') as Uint8Array;

function query(id: number, type: number): Buffer {
  const message = Buffer.concat([
    Uint8Array.of(0, id, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0),
    NAME,
    Uint8Array.of(0, type, 0, 1),
  ]);
  return Buffer.concat([Uint8Array.of(0, message.length), message]);
}

async function serving(transfer: TransferHandler): Promise<number> {
  const port = await freePort();
  const transport = await TcpTransport.bind({
    listen: [{ address: '127.0.0.1', port }],
    limits: TCP_LIMITS,
    log: undefined,
    countersFor: () => newCounters(1, 0),
    report: () => undefined,
    transfer,
  });
  cleanUp(() => transport.stop());
  const compiled = compileZones([{ name: NAME, answers: [], groups: [] }]);
  transport.serve({ number: 1, compiled });
  return port;
}

/** Identifiers of the replies, in order; `end` where the server closed. */
async function converse(port: number, bytes: Buffer, count: number): Promise<(number | 'end')[]> {
  const socket = connect(port, '127.0.0.1');
  cleanUp(() => socket.destroy());
  const frames = new FrameReader(65_535);
  const ids: (number | 'end')[] = [];
  socket.on('error', () => undefined);
  socket.on('close', () => ids.push('end'));
  socket.on('data', (piece: Buffer) => {
    frames.push(piece);
    for (let next = frames.next(); next instanceof Uint8Array; next = frames.next()) {
      ids.push(((next[0] as number) << 8) | (next[1] as number));
    }
  });
  await once(socket, 'connect');
  socket.write(bytes);
  await expect.poll(() => ids.length, { timeout: 5000 }).toBeGreaterThanOrEqual(count);
  return ids;
}

const AXFR = 252;

test('a transfer keeps its place among the other queries', async () => {
  const port = await serving((message, client, stream) => {
    expect(client.words[0]).toBe(0x7f000001);
    return (async () => {
      for (let k = 0; k < 3; k++) {
        await sleep(20);
        await stream.send(Uint8Array.of(message[0] as number, 100 + k, ...message.slice(2)));
      }
    })();
  });
  const bytes = Buffer.concat([query(1, 1), query(2, AXFR), query(3, 1), query(4, 16)]);
  expect(await converse(port, bytes, 6)).toEqual([1, 100, 101, 102, 3, 4]);
});

test('a transfer that the handler does not take is answered like any other query', async () => {
  const port = await serving(() => undefined);
  expect(await converse(port, Buffer.concat([query(1, AXFR), query(2, 1)]), 2)).toEqual([1, 2]);
});

test('a transfer that fails ends the connection: half a zone is none', async () => {
  const port = await serving(async (message, _, stream) => {
    await stream.send(message);
    throw new Error('no more');
  });
  expect(await converse(port, Buffer.concat([query(1, AXFR), query(2, 1)]), 2)).toEqual([1, 'end']);
});

test('a large transfer goes at the pace of the client', async () => {
  let sent = 0;
  const port = await serving((message, _, stream) =>
    (async () => {
      const large = new Uint8Array(60_000);
      large.set(message.subarray(0, 2));
      for (let k = 0; k < 400; k++, sent++) await stream.send(large);
    })(),
  );
  const socket = connect(port, '127.0.0.1');
  cleanUp(() => socket.destroy());
  socket.pause();
  socket.write(query(1, AXFR));
  await sleep(500);
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(300);
  let bytes = 0;
  socket.on('data', (piece: Buffer) => (bytes += piece.length)).resume();
  await expect.poll(() => bytes, { timeout: 10_000 }).toBe(400 * 60_002);
});
