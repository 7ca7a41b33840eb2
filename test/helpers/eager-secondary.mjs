/*
 * A secondary that asks for the serial the moment it is told of a change (an agent, see agent.ts).
 *
 * { do: 'listen', address, primary: { address, port } }
 * { do: 'serials' } → the serials that it was answered, in order
 */
import { createSocket } from 'node:dgram';

import dnsPacket from 'dns-packet';

import { answerRequests } from './answer.mjs';

const serials = [];

answerRequests({ listen, serials: async () => serials });

async function listen({ address, primary }) {
  const notices = createSocket('udp4');
  const questions = createSocket('udp4');
  questions.on('message', (message) => {
    serials.push(dnsPacket.decode(message).answers[0].data.serial);
  });
  notices.on('message', (message, from) => {
    const reply = Buffer.from(message);
    reply[2] |= 0x80;
    notices.send(reply, from.port, from.address);
    const { questions: asked } = dnsPacket.decode(message);
    const query = dnsPacket.encode({ type: 'query', id: 1, questions: asked });
    questions.send(query, primary.port, primary.address);
  });
  await new Promise((resolve) => notices.bind(53, address, resolve));
}
