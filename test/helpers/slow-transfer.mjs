/*
 * A secondary that reads slowly (an agent, see agent.ts).
 *
 * { do: 'open', address, port, zone, readBytes } asks for the zone, reads so many bytes, and pauses
 * { do: 'progress' } → { bytes, isOpen }
 * { do: 'finish' } reads to the end → { bytes, answers }
 */
import { once } from 'node:events';
import net from 'node:net';

import dnsPacket from 'dns-packet';

import { answerRequests } from './answer.mjs';

const chunks = [];
let bytes = 0;
let limit = 0;
let isOpen = false;
let socket;

answerRequests({ open, progress, finish });

async function open({ address, port, zone, readBytes }) {
  socket = net.connect({ host: address, port });
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= limit) socket.pause();
  });
  socket.on('close', () => (isOpen = false));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  isOpen = true;
  limit = readBytes;
  const query = { type: 'query', id: 1, questions: [{ type: 'AXFR', name: zone }] };
  socket.write(dnsPacket.streamEncode(query));
}

async function progress() {
  return { bytes, isOpen };
}

/** Two SOA end it. */
async function finish() {
  limit = Infinity;
  socket.resume();
  let answers = 0;
  let rest = Buffer.alloc(0);
  let soas = 0;
  for (;;) {
    rest = Buffer.concat([rest, ...chunks.splice(0)]);
    let at = 0;
    while (at + 2 <= rest.length && at + 2 + rest.readUInt16BE(at) <= rest.length) {
      const message = rest.subarray(at + 2, at + 2 + rest.readUInt16BE(at));
      answers += message.readUInt16BE(6);
      if (answers === message.readUInt16BE(6) || isLast(message)) soas++;
      at += 2 + message.length;
    }
    rest = rest.subarray(at);
    if (soas === 2 || !isOpen) return { bytes, answers };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The last record is the SOA, whose owner is the question's name. */
function isLast(message) {
  return dnsPacket.decode(message).answers.at(-1).type === 'SOA';
}
