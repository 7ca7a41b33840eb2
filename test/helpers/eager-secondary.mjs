/*
 * A secondary that asks for the serial the moment it is told of a change (an agent, see agent.ts).
 *
 * { do: 'listen', address, primary: { address, port } }
 * { do: 'serials' } → the serials that it was answered, in order
 * { do: 'sources' } → the addresses that notices came from
 */
import { createSocket } from 'node:dgram';

import dnsPacket from 'dns-packet';

import { answerRequests } from './answer.mjs';

const serials = [];
const sources = new Set();

answerRequests({ listen, serials: async () => serials, sources: async () => [...sources] });

async function listen({ address, primary }) {
  const notices = createSocket('udp4');
  const questions = createSocket('udp4');
  questions.on('message', (message) => {
    serials.push(dnsPacket.decode(message).answers[0].data.serial);
  });
  notices.on('message', (message, from) => {
    sources.add(from.address);
    const reply = Buffer.from(message);
    reply[2] |= 0x80;
    notices.send(reply, from.port, from.address);
    const { questions: asked } = dnsPacket.decode(message);
    const query = dnsPacket.encode({ type: 'query', id: 1, questions: asked });
    questions.send(query, primary.port, primary.address);
  });
  await new Promise((resolve) => notices.bind(53, address, resolve));
}
