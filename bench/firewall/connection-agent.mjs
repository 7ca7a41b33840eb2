// One end of TCP connections for a benchmark, in a network namespace of its own.
//
//   node connection-agent.mjs listen ADDRESS PORT        prints `ready`, listens until standard input ends
//   node connection-agent.mjs connect ADDRESS PORT COUNT prints how many a second came about
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const [role, host, port, count] = process.argv.slice(2);
/** So many are under way at once. */
const LANES = 8;

if (role === 'listen') {
  const server = createServer((socket) => socket.on('error', () => socket.destroy()).resume());
  await once(server.listen(Number(port), host, 1024), 'listening');
  process.stdout.write('ready\n');
  process.stdin.on('end', () => process.exit()).resume();
} else {
  let left = Number(count);
  const lane = async () => {
    while (left-- > 0) {
      const socket = connect({ host, port: Number(port) });
      await once(socket, 'connect');
      socket.resetAndDestroy(); // a closed one would keep its port for a minute
      await once(socket, 'close');
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: LANES }, lane));
  process.stdout.write(String((Number(count) * 1000) / (performance.now() - start)));
}
