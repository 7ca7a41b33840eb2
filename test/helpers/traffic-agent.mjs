/* Listens and connects inside a namespace, as agent.ts asks. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

import { answerRequests } from './answer.mjs';

/** Loopback and veth answer within a millisecond; a busy machine takes its time. */
const SILENCE_MS = 700;

const VERDICTS = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'refused',
  EHOSTUNREACH: 'prohibited',
  EACCES: 'prohibited',
  EPERM: 'dropped',
};

const held = new Map();

/** What became of a socket's first event, its error, or the silence. */
async function verdictOf(socket, event) {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    await once(socket, event, { signal: silence.signal });
    return 'open';
  } catch (error) {
    if (error.name === 'AbortError') return 'dropped';
    const verdict = VERDICTS[error.code];
    if (verdict === undefined) throw error;
    return verdict;
  } finally {
    clearTimeout(timer);
  }
}

answerRequests({
  /** Servers that send back what they get; TCP ones greet with the port. */
  async listen({ tcp = [], udp = [], udpAddresses = [] }) {
    for (const port of tcp) {
      const server = createServer((socket) => {
        socket.on('error', () => socket.destroy());
        socket.write(`${port}\n`);
        socket.pipe(socket);
      });
      server.listen(port, '::');
      await once(server, 'listening');
    }
    // one socket an address: the answer comes from where the question went
    for (const address of udpAddresses) {
      for (const port of udp) {
        const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
        socket.on('message', (message, from) => socket.send(message, from.port, from.address));
        socket.bind(port, address);
        await once(socket, 'listening');
      }
    }
  },

  /** @returns open, dropped (silence), refused (reset) or prohibited (ICMP) */
  async connect({ from, to, port }) {
    const socket = connect({ host: to, port, localAddress: from });
    const verdict = await verdictOf(socket, 'data'); // the greeting: the whole way was open
    socket.destroy();
    return verdict;
  },

  async ask({ from, to, port }) {
    const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, from);
    await once(socket, 'listening');
    socket.connect(port, to);
    await once(socket, 'connect');
    socket.on('error', () => undefined); // one that comes when all is said
    const verdict = verdictOf(socket, 'message');
    socket.send('hello');
    const result = await verdict;
    socket.close();
    return result;
  },

  /** One UDP packet, also to many; waits for no answer. */
  async send({ from, to, port }) {
    const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, from);
    await once(socket, 'listening');
    socket.setBroadcast(true);
    await new Promise((resolve, reject) => {
      socket.send('hello', port, to, (error) => (error ? reject(error) : resolve()));
    });
    socket.close();
  },

  /** Opens a connection and keeps it under a name. */
  async hold({ name, from, to, port }) {
    const socket = connect({ host: to, port, localAddress: from });
    socket.on('error', () => undefined); // `use` sees that it is dead
    await once(socket, 'data');
    held.set(name, socket);
  },

  /** Whether what a held connection sends comes back. */
  async use({ name }) {
    const socket = held.get(name);
    const verdict = verdictOf(socket, 'data');
    socket.write('still there?');
    return verdict;
  },

  sysctl({ name, value }) {
    writeFileSync(`/proc/sys/${name}`, value);
  },

  read({ file }) {
    return readFileSync(file, 'utf8');
  },
});
