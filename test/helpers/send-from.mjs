/*
 * Sends a UDP packet from each address on standard input (one a line) to a socket of its own
 * on loopback, and prints those that arrived. The addresses must be the host's: run it in a
 * network namespace of a test.
 *
 *   node send-from.mjs 127.0.0.1 < addresses
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

const LAST = 'last';
const destination = process.argv[2];
const type = destination.includes(':') ? 'udp6' : 'udp4';
const addresses = readFileSync(0, 'utf8').split('\n').filter(Boolean);

const receiver = createSocket({ type, recvBufferSize: 4 << 20 });
receiver.bind(0, destination);
await once(receiver, 'listening');
const { port } = receiver.address();

const finished = new Promise((resolve) => {
  receiver.on('message', (message) => {
    if (message.toString() === LAST) resolve();
    else process.stdout.write(`${message.toString()}\n`);
  });
});

/** Sent means received or dropped: loopback hands a packet over before `send` returns. */
async function send(from, text) {
  const socket = createSocket(type);
  socket.bind(0, from);
  await once(socket, 'listening');
  await new Promise((resolve, reject) => {
    socket.send(text, port, destination, (error) => (error ? reject(error) : resolve()));
  });
  socket.close();
}

for (const address of addresses) await send(address, address);
await send(destination, LAST);
await finished;
receiver.close();
