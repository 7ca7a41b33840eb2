/*
 * Plays a mail server that speaks to a milter: sessions of connect, HELO, MAIL, RCPT and a message
 * of a few headers, each on a connection of its own, as smtpd processes do.
 *
 *   node driver.mjs PORT SESSIONS AT_A_TIME [PER_CONNECTION]
 *
 * Prints JSON: seconds, and of every wait for an answer the time in ms (the median and 99 %).
 */
import { connect } from 'node:net';

const [port, sessions, atATime, perConnection = 1] = process.argv.slice(2).map(Number);

function packet(command, ...parts) {
  const body = Buffer.concat([
    Buffer.from(command, 'latin1'),
    ...parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

function numbers(...values) {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [k, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * k);
  return bytes;
}

const OPTIONS = packet('O', numbers(6, 0x1ff, 0x1fffff));
const HEADERS = [
  [
    'Received',
    'from a.example (b.example [198.51.100.7])\n\tby c.example (Postfix) with ESMTP id 4',
  ],
  ['From', 'Somebody <somebody@sender.example>'],
  ['To', 'user@test.example'],
  ['Subject', 'A message that nobody has against anything'],
  ['Date', 'Mon, 1 Jan 2024 00:00:00 +0000'],
  ['Message-ID', '<1@sender.example>'],
  ['MIME-Version', '1.0'],
  ['Content-Type', 'text/plain; charset=utf-8'],
].map(([name, value]) => packet('L', name, value));

/** What is sent before each answer that a mail server waits for. */
function stepsOf(k) {
  const address = `${(k * 7) % 223 || 1}.${k % 251}.${(k * 3) % 241}.${k % 239}`;
  return [
    Buffer.concat([
      packet('D', Buffer.from('C'), 'j', 'mx.test.example', '{daemon_port}', '25'),
      packet('C', Buffer.concat([Buffer.from('client.example\x004'), Buffer.of(4, 1)]), address),
      packet('H', 'client.example'),
      packet('M', '<sender@sender.example>'),
      packet('R', '<user@test.example>'),
    ]),
    Buffer.concat([...HEADERS, packet('N')]),
    packet('E'),
  ];
}

let begun = 0;
const waits = new Float64Array(sessions * 3);
let waited = 0;

/** Sessions one after the other; each answer ends with a packet that is not of a header. */
function connection() {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let left = perConnection;
    let steps = [];
    let sentMs = 0;
    let kept = Buffer.alloc(0);
    let isNegotiated = false;
    const next = () => {
      if (steps.length === 0) {
        if (left === 0 || begun >= sessions) {
          socket.end(packet('Q'));
          return;
        }
        if (left < perConnection) socket.write(packet('K'));
        left -= 1;
        steps = stepsOf(begun);
        begun += 1;
      }
      sentMs = performance.now();
      socket.write(steps.shift());
    };
    socket.on('data', (piece) => {
      kept = kept.length === 0 ? piece : Buffer.concat([kept, piece]);
      while (kept.length >= 4) {
        const end = 4 + kept.readUInt32BE(0);
        if (kept.length < end) return;
        const command = String.fromCharCode(kept[4]);
        kept = kept.subarray(end);
        if (!isNegotiated) {
          isNegotiated = true;
          next();
          continue;
        }
        if (command === 'h' || command === 'm') continue;
        if (waited < waits.length) waits[waited++] = performance.now() - sentMs;
        // refused: no message follows
        if (command !== 'c') steps = [];
        next();
      }
    });
    socket.on('error', reject);
    socket.on('close', resolve);
    socket.write(OPTIONS);
  });
}

const startedMs = performance.now();
await Promise.all(
  Array.from({ length: atATime }, async () => {
    while (begun < sessions) await connection();
  }),
);
const seconds = (performance.now() - startedMs) / 1000;
const sorted = waits.subarray(0, waited).sort();
const at = (share) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
console.log(JSON.stringify({ sessions: begun, seconds, medianMs: at(0.5), p99Ms: at(0.99) }));
