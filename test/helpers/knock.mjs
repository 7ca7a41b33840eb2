/*
 * Opens TCP connections one after another and lets go of each at once: one SYN each, whether
 * it is answered or not. The addresses must be the host's: run it in a network namespace.
 *
 *   node knock.mjs 192.0.2.1 25 < lines of `ADDRESS COUNT`
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [, , host, port] = process.argv;

for (const line of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const [localAddress, count] = line.split(' ');
  for (let knocks = 0; knocks < Number(count); knocks++) {
    const socket = connect({ host, port: Number(port), localAddress });
    socket.on('error', () => undefined); // refused: the knock was heard all the same
    await once(socket, 'connectionAttempt');
    await sleep(1); // the SYN leaves in the turn after the attempt is told of
    socket.destroy();
  }
}
