import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import type { MilterInput } from '../../../src/mta/milter/loader/loaded-lists.js';
import { MilterServer } from '../../../src/mta/milter/server/server.js';
import { cleanUp, temporaryFolder } from '../../helpers/cleanup.js';
import {
  MilterClient,
  connectPacket,
  options,
  packet,
  upToRecipient,
} from '../../helpers/milter-client.js';
import { randomNumbers } from '../../helpers/random-numbers.js';

const BLOCKED = 'y550 5.7.1 Blocked: [203.0.113.7] (spam)';

interface Running {
  readonly server: MilterServer;
  readonly folder: string;
  readonly lines: string[];
  input(more?: string): MilterInput;
  open(): Promise<MilterClient>;
}

async function startMilter(more = ''): Promise<Running> {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'blocked.txt'), '203.0.113.7 spam\n2001:db8:bad::/48\n');
  mkdirSync(join(folder, 'state'));
  const text = (words: string): string => `
state: state
lists:
  blocked: { file: blocked.txt }
milter:
  listen: ["unix:milter.sock"]
  lists: { blocked: { text: "Blocked: [$] ($reason)" } }
${words}`;
  const input = (words = more): MilterInput => ({
    text: text(words),
    file: join(folder, 'sekisho.yaml'),
  });
  const lines: string[] = [];
  const server = new MilterServer(input(), (level, line) => lines.push(`${level}: ${line}`));
  await server.start();
  cleanUp(() => server.stop());
  const open = () => MilterClient.open({ path: join(folder, 'milter.sock') });
  return { server, folder, lines, input, open };
}

async function until(isSo: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await isSo());) {
    if (Date.now() > end) throw new Error('it did not come to be so');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const answer = async (running: Running, address: string): Promise<string> => {
  const client = await running.open();
  const reply = await client.recipientReply(address);
  client.socket.destroy();
  return reply;
};

describe('bytes', () => {
  test('a conversation that comes byte by byte, or all at once', async () => {
    const running = await startMilter();
    const bytes = Buffer.concat([
      upToRecipient('203.0.113.7'),
      packet('R', '<postmaster>'),
      packet('L', 'X-Sekisho', 'verdict=pass'),
      packet('N'),
      packet('E'),
    ]);
    const client = await running.open();
    for (const byte of bytes) {
      await new Promise((resolve) => client.socket.write(Buffer.of(byte), resolve));
    }
    const whole = await running.open();
    whole.send(bytes);
    for (const one of [client, whole]) {
      expect((await one.reply())[0]).toBe('O');
      expect(await one.reply()).toBe(BLOCKED);
      expect(await one.reply()).toBe('c');
      expect(await one.reply()).toBe('c');
      expect(await one.reply()).toBe('m\0\0\0\u0001X-Sekisho\0');
      expect(await one.reply()).toMatch(/^hX-Sekisho\0address=203\.0\.113\.7; .*verdict=reject/);
      expect(await one.reply()).toBe('c');
    }
  });

  test('options: version 6, with the macros that are wanted', async () => {
    const client = await (await startMilter()).open();
    client.send(options());
    expect(Buffer.from(await client.reply(), 'latin1').toString('hex')).toMatch(
      /^4f000000060000013100007390000000006a/,
    );
  });

  test('a % is doubled, as mail servers take it', async () => {
    const running = await startMilter('  texts: { no_dot: "100% sure" }');
    const client = await running.open();
    client.send(options(), connectPacket('192.0.2.1'), packet('H', 'bare'));
    client.send(packet('M', '<>'), packet('R', '<a@b>'));
    await client.reply();
    expect(await client.reply()).toBe('y554 5.7.1 100%% sure');
  });

  test.each([
    ['a length of nothing', Buffer.alloc(4)],
    ['a packet that is too long', Buffer.of(0x7f, 0xff, 0xff, 0xff)],
    ['an unknown command', packet('z')],
    ['short options', packet('O', 'x')],
    ['a connection without a family', packet('C', 'host')],
    ['a header without an end', packet('L', Buffer.from('abc'))],
    ['SMTP', Buffer.from('EHLO client.example\r\n')],
  ])('%s ends the connection, and no other', async (_, bytes) => {
    const running = await startMilter();
    const other = await running.open();
    const client = await running.open();
    client.send(bytes);
    expect(await client.closed()).toBe(true);
    expect(running.server.snapshot().counters.connections.malformed).toBe(1);
    expect(running.lines.join('\n')).toContain('warning: a mail server sent ');
    expect(await other.recipientReply('203.0.113.7')).toBe(BLOCKED);
  });

  test('quit closes, K begins anew on the same connection', async () => {
    const client = await (await startMilter()).open();
    client.send(upToRecipient('203.0.113.7'), packet('K'));
    client.send(connectPacket('192.0.2.1'), packet('H', 'a.example'), packet('M', '<>'));
    client.send(packet('R', '<a@b>'), packet('Q'));
    expect((await client.reply())[0]).toBe('O');
    expect(await client.reply()).toBe(BLOCKED);
    expect(await client.reply()).toBe('c');
    expect(await client.closed()).toBe(true);
  });
});

describe('bad clients', () => {
  test('two hundred connections at once, half-open and slow ones among them', async () => {
    const running = await startMilter('  limits: { packet_timeout: 1s }');
    const halfOpen = await Promise.all(Array.from({ length: 50 }, () => running.open()));
    for (const [k, client] of halfOpen.entries()) {
      // silence, half a length, half a packet
      if (k % 3 !== 0) client.send(options().subarray(0, k % 3 === 1 ? 2 : 9));
    }
    const clients = await Promise.all(Array.from({ length: 200 }, () => running.open()));
    const replies = await Promise.all(
      clients.map((client, k) => client.recipientReply(k % 2 === 0 ? '203.0.113.7' : '192.0.2.1')),
    );
    expect(running.server.snapshot().counters.connections.accepted).toBe(250);
    expect(new Set(replies)).toEqual(new Set([BLOCKED, 'c']));
    expect(replies.filter((reply) => reply === 'c')).toHaveLength(100);
    await until(() => halfOpen.every(({ isClosed }) => isClosed));
    expect(clients.some(({ isClosed }) => isClosed)).toBe(false);
    expect(running.server.snapshot().counters.connections.timedOut).toBe(50);
  });

  test('one that drips is closed, however often it sends a byte', async () => {
    const running = await startMilter('  limits: { packet_timeout: 1s }');
    const client = await running.open();
    const drip = setInterval(() => client.socket.write('\0'), 300);
    client.send(Buffer.of(0, 1, 0, 0));
    expect(await client.closed(5000)).toBe(true);
    clearInterval(drip);
  });

  test('silence between packets has a time of its own', async () => {
    const running = await startMilter('  limits: { idle_timeout: 1s }');
    const client = await running.open();
    await client.recipientReply('192.0.2.1');
    expect(await client.closed()).toBe(true);
    expect(running.lines.join('\n')).toContain('was silent for too long');
  });

  test('more connections than allowed are closed at once; those that are there go on', async () => {
    const running = await startMilter('  limits: { connections: 2 }');
    const first = await running.open();
    const second = await running.open();
    const third = await running.open();
    expect(await third.closed()).toBe(true);
    expect(await first.recipientReply('203.0.113.7')).toBe(BLOCKED);
    second.socket.destroy();
    await until(async () => (await answer(running, '203.0.113.7')) === BLOCKED);
    expect(running.server.snapshot().counters.connections.refused).toBeGreaterThan(0);
  });

  test('one that sends too much, keeps half packets, or reads no answers', async () => {
    const limits = '  limits: { session: 1MiB, packet: 512KiB, waiting: 256KiB }';
    const running = await startMilter(limits);
    const greedy = await running.open();
    greedy.send(
      options(),
      ...Array.from({ length: 20 }, () => packet('L', 'A', 'x'.repeat(60_000))),
    );
    await greedy.reply();
    await until(() => greedy.isClosed);
    const keeping = await running.open();
    keeping.send(packet('L', 'A', 'x'.repeat(400_000)).subarray(0, 300_000));
    await until(() => keeping.isClosed);
    const deaf = await running.open();
    deaf.socket.pause();
    const asked = Buffer.concat(Array.from({ length: 10_000 }, () => packet('T')));
    for (let k = 0; k < 20 && !deaf.socket.destroyed; k++) {
      deaf.socket.write(asked);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => running.server.snapshot().openConnections === 0 || deaf.isClosed);
    expect(await answer(running, '203.0.113.7')).toBe(BLOCKED);
  });
});

describe('changes', () => {
  test('a list that is edited counts within a second, a broken one stays as it was', async () => {
    const running = await startMilter();
    const list = join(running.folder, 'blocked.txt');
    expect(await answer(running, '192.0.2.1')).toBe('c');
    writeFileSync(list, '192.0.2.1\n');
    await until(
      async () => (await answer(running, '192.0.2.1')) === 'y550 5.7.1 Blocked: [192.0.2.1] ()',
    );
    writeFileSync(list, 'no address at all\n');
    await until(() =>
      running.lines.some((line) => line.includes('the old content of list blocked')),
    );
    expect(await answer(running, '192.0.2.1')).toContain('y550');
  });

  test('an entry ends in time', async () => {
    const running = await startMilter();
    const soon = new Date(Date.now() + 2000).toISOString().replace(/\.\d+Z$/, 'Z');
    writeFileSync(
      join(running.folder, 'blocked.txt'),
      `192.0.2.1 until=${soon}\n203.0.113.7 spam\n`,
    );
    await until(async () => (await answer(running, '192.0.2.1')) !== 'c', 1500);
    await until(async () => (await answer(running, '192.0.2.1')) === 'c', 5000);
    expect(await answer(running, '203.0.113.7')).toBe(BLOCKED);
  });

  test('a new configuration is checked first, the old one stays on error', async () => {
    const running = await startMilter();
    expect(await running.server.reload(running.input('  observe: maybe'))).toBe(false);
    expect(await running.server.reload(running.input('  allow: [nobody]'))).toBe(false);
    expect(await answer(running, '203.0.113.7')).toBe(BLOCKED);
    expect(running.lines.join('\n')).toMatch(/milter\.allow\.0: found "nobody"; expected one of/);
    expect(await running.server.reload(running.input('  observe: true'))).toBe(true);
    expect(await answer(running, '203.0.113.7')).toBe('c');
    expect(running.server.snapshot().isDryRun).toBe(true);
  });

  test('rules are followed, and the old ones stay where a line is wrong', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'rules.conf');
    writeFileSync(path, 'reject "by rule"\nconnect // /192\\.0\\.2\\.1/\n');
    const running = await startMilter(`  rules: ${path}`);
    expect(await answer(running, '192.0.2.1')).toBe('y554 5.7.1 by rule');
    writeFileSync(path, 'reject "by rule"\nconnect // /192\n');
    await until(() => running.lines.some((line) => line.includes('the old rules count')));
    expect(running.lines.join('\n')).toContain(`${path}:2: found "/192"; expected a regular`);
    expect(await answer(running, '192.0.2.1')).toBe('y554 5.7.1 by rule');
    writeFileSync(path, 'reject "by another"\nconnect // /192/\n');
    await until(async () => (await answer(running, '192.0.2.1')) === 'y554 5.7.1 by another');
  });
});

test('lists that cannot be read at the start: mail passes, and they count once they can be', async () => {
  const folder = await temporaryFolder();
  const text =
    'lists: { blocked: { file: blocked.txt } }\n' +
    'milter: { listen: ["unix:milter.sock"], lists: { blocked: {} } }\n';
  const lines: string[] = [];
  const server = new MilterServer({ text, file: join(folder, 'sekisho.yaml') }, (_, line) =>
    lines.push(line),
  );
  await server.start();
  cleanUp(() => server.stop());
  expect(lines.join('\n')).toMatch(/blocked\.txt: .*nothing is judged until that can be read/);
  const client = await MilterClient.open({ path: join(folder, 'milter.sock') });
  expect(await client.recipientReply('203.0.113.7')).toBe('c');
  writeFileSync(join(folder, 'blocked.txt'), '203.0.113.7\n');
  await server.reload({ text, file: join(folder, 'sekisho.yaml') });
  const later = await MilterClient.open({ path: join(folder, 'milter.sock') });
  expect(await later.recipientReply('203.0.113.7')).toMatch(/^y550 5\.7\.1 /);
});

describe('sockets', () => {
  test('have the permissions that are configured', async () => {
    const running = await startMilter('  socket_mode: "0606"');
    const { mode } = statSync(join(running.folder, 'milter.sock'));
    expect(mode & 0o777).toBe(0o606);
  });

  test('one that answers is not taken over, one that is left behind is', async () => {
    const running = await startMilter();
    const second = new MilterServer(running.input(), () => undefined);
    await expect(second.start()).rejects.toThrow('another process listens there');
    await running.server.stop();
    writeFileSync(join(running.folder, 'milter.sock'), '');
    const third = new MilterServer(running.input(), () => undefined);
    await expect(third.start()).rejects.toThrow('a file that is no socket is in the way');
  });

  test('a configuration without the part is refused', () => {
    expect(() => new MilterServer({ text: '', file: undefined }, () => undefined)).toThrow(
      'has no milter part',
    );
  });

  test('a code that does not go with its action is refused', () => {
    const text = 'lists: { a: { file: x } }\nmilter: { lists: { a: { code: "450" } } }';
    expect(() => new MilterServer({ text, file: undefined }, () => undefined)).toThrow(
      'milter.lists.a.code: found "450"; expected a code that begins with 5',
    );
  });
});

describe('fuzz', () => {
  const count = Number(process.env['SEKISHO_MILTER_FUZZED'] ?? '20000');
  test(`${count} mutated packets: none brings it down, and answers stay right`, async () => {
    const running = await startMilter('  limits: { packet: 64KiB }\n  known: [198.51.100.0/24]');
    const seed = Number(process.env['SEKISHO_SEED'] ?? '1');
    const below = randomNumbers(seed);
    const good = [
      options(),
      packet('D', Buffer.from('C'), 'j', 'mx', '{daemon_port}', '25'),
      connectPacket('203.0.113.7'),
      connectPacket('IPv6:2001:db8:bad::1'),
      connectPacket('198.51.100.1'),
      packet('H', '[IPv6:2001:db8::1]'),
      packet('M', '<a@b.example>', 'SIZE=10'),
      packet('R', '<postmaster>'),
      packet('R', '<user@test.example>'),
      packet('T'),
      packet('L', 'Received', 'from a (b [203.0.113.7])\n\tby c'),
      packet('L', 'X-Sekisho', 'x'),
      packet('N'),
      packet('B', 'body'),
      packet('E'),
      packet('A'),
      packet('K'),
      packet('U', 'FOO'),
    ];
    const mutate = (bytes: Buffer): Buffer => {
      const copy = Buffer.from(bytes);
      for (let k = below(4); k > 0; k--) copy[below(copy.length)] = below(256);
      return below(8) === 0 ? copy.subarray(0, below(copy.length)) : copy;
    };
    let sent = 0;
    while (sent < count) {
      const clients = await Promise.all(Array.from({ length: 20 }, () => running.open()));
      for (const client of clients) {
        const packets = Array.from({ length: 25 }, () => {
          const bytes = good[below(good.length)] as Buffer;
          return below(3) === 0 ? mutate(bytes) : bytes;
        });
        sent += packets.length;
        client.socket.end(Buffer.concat([options(), ...packets]));
      }
      await Promise.all(clients.map((client) => until(() => client.isClosed)));
    }
    expect(running.server.snapshot().counters.failures, `seed ${seed}`).toBe(0);
    expect(await answer(running, '203.0.113.7')).toBe(BLOCKED);
    await until(() => running.server.snapshot().openConnections === 0);
  }, 600_000);
});

describe('who waits for whom', () => {
  test('a connection whose packets take long leaves the others their turn', async () => {
    const running = await startMilter();
    writeFileSync(join(running.folder, 'rules.conf'), 'reject "x"\nheader /^x$/ /(.*a){65}b/ei\n');
    await running.server.reload(running.input('  rules: rules.conf\n'));
    const slow = await running.open();
    const header = packet('L', 'x', 'a'.repeat(1200));
    const startedMs = performance.now();
    let slowEndedMs = Infinity;
    slow.send(
      upToRecipient('203.0.113.99'),
      ...Array.from({ length: 60 }, () => header),
      packet('N'),
    );
    await slow.reply(); // options
    await slow.reply(); // recipient
    const ended = slow.reply(60_000).then((reply) => {
      slowEndedMs = performance.now();
      return reply;
    });
    expect(await answer(running, '203.0.113.7')).toBe(BLOCKED);
    const answeredMs = performance.now() - startedMs;
    expect(await ended).toBe('c');
    expect(answeredMs).toBeLessThan((slowEndedMs - startedMs) / 2);
  });

  test('nobody waits while many lines are read', async () => {
    const running = await startMilter();
    const lines = Array.from(
      { length: Number(process.env['SEKISHO_MILTER_LINES'] ?? 200_000) },
      (_, k) => {
        const n = k * 7;
        return `${20 + (n >>> 24)}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255} reason ${k % 1000}`;
      },
    );
    writeFileSync(join(running.folder, 'blocked.txt'), lines.join('\n') + '\n');
    let longestMs = 0;
    let lastMs = performance.now();
    const timer = setInterval(() => {
      const nowMs = performance.now();
      longestMs = Math.max(longestMs, nowMs - lastMs);
      lastMs = nowMs;
    }, 1);
    const startedMs = performance.now();
    await running.server.reload(running.input());
    const tookMs = performance.now() - startedMs;
    clearInterval(timer);
    expect(await answer(running, '20.0.27.88')).toBe('y550 5.7.1 Blocked: [20.0.27.88] (reason 0)');
    if (process.env['SEKISHO_MILTER_LINES']) console.log({ tookMs, longestMs });
    expect(longestMs).toBeLessThan(tookMs / 4);
  });
});
