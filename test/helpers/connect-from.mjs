/*
 * Opens a TCP connection from each address on standard input (one a line) to each port given,
 * on loopback, where it listens itself, and prints `ADDRESS PORT` for those that came about.
 * The addresses must be the host's: run it in a network namespace of a test.
 *
 *   node connect-from.mjs 22 80 < addresses
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

/** A dropped packet is sent again after a second; what is not there by then was denied. */
const PATIENCE_MS = 900;

const ports = process.argv.slice(2).map(Number);
const addresses = readFileSync(0, 'utf8').split('\n').filter(Boolean);

const servers = ports.flatMap((port) =>
  ['127.0.0.1', '::1'].map((host) => createServer((socket) => socket.end()).listen(port, host)),
);
await Promise.all(servers.map((server) => once(server, 'listening')));

async function connects(localAddress, port) {
  const host = localAddress.includes(':') ? '::1' : '127.0.0.1';
  const socket = connect({ host, port, localAddress });
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const came = await once(socket, 'connect', { signal }).then(
    () => true,
    () => false,
  );
  socket.destroy();
  return came;
}

const tried = addresses.flatMap((address) => ports.map((port) => ({ address, port })));
const came = await Promise.all(tried.map(({ address, port }) => connects(address, port)));
for (const [k, { address, port }] of tried.entries()) {
  if (came[k]) process.stdout.write(`${address} ${port}\n`);
}
for (const server of servers) server.close();
