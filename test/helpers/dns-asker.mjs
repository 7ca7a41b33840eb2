/* Sends DNS queries over UDP, many at a time; runs inside a namespace. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import { answerRequests } from './answer.mjs';

const WINDOW = 200;
const RETRY_MS = 250;
const TRIES = 20;

answerRequests({ ask });

/**
 * @param {{ address: string, port: number, queries: string[], tries?: number, from?: string }} request
 *   messages in base64, whose identifiers are set here; `from` is the address to send from
 * @returns {Promise<(string | null)[]>} replies, null where none came
 */
async function ask({ address, port, queries, tries = TRIES, from }) {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.bind(0, from);
  await once(socket, 'listening');
  const replies = new Array(queries.length).fill(null);
  const waiting = new Map();
  let next = 0;
  await new Promise((resolve, reject) => {
    const send = (index) => {
      const message = Buffer.from(queries[index], 'base64');
      message.writeUInt16BE(index & 0xffff, 0);
      socket.send(message, port, address);
    };
    const fill = () => {
      while (waiting.size < WINDOW && next < queries.length) {
        waiting.set(next & 0xffff, { index: next, sentMs: Date.now(), tries: 1 });
        send(next++);
      }
      if (waiting.size === 0) resolve();
    };
    const timer = setInterval(() => {
      const now = Date.now();
      for (const [id, entry] of waiting) {
        if (now - entry.sentMs < RETRY_MS) continue;
        if (entry.tries >= tries) {
          waiting.delete(id);
          continue;
        }
        entry.tries++;
        entry.sentMs = now;
        send(entry.index);
      }
      fill();
    }, RETRY_MS / 2);
    socket.on('message', (message) => {
      const entry = waiting.get(message.readUInt16BE(0));
      if (entry === undefined) return;
      waiting.delete(message.readUInt16BE(0));
      replies[entry.index] = message.toString('base64');
      fill();
    });
    socket.on('error', reject);
    fill();
    socket.once('close', () => clearInterval(timer));
  });
  socket.close();
  return replies;
}
