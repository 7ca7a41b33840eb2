import { createSocket } from 'node:dgram';
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { type DecodedPacket, decode, encode } from 'dns-packet';

import type { Endpoint } from '../../config/dnsbl-schema.js';
import { messageOf } from '../../util/errors.js';

/** Waits for an answer: RFC 1996 3.6 asks for repetition with growing pauses. */
const WAITS_MS = [1000, 2000, 4000, 8000, 16_000];

const OPCODE_NOTIFY = 4 << 11;
const FLAG_AA = 0x400;

/**
 * Tells a secondary server that a zone has changed (NOTIFY, RFC 1996), again and again until it
 * answers.
 *
 * @param zone name without the last dot
 * @returns undefined where it answered, else what went wrong
 */
export async function notifySecondary(
  secondary: Endpoint,
  zone: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const id = randomInt(0x1_0000);
  const message = encode({
    type: 'query',
    id,
    flags: OPCODE_NOTIFY | FLAG_AA,
    questions: [{ name: zone, type: 'SOA' }],
  });
  let reason = 'no answer';
  for (const waitMs of WAITS_MS) {
    try {
      const rcode = await answerOf(secondary, message, id, waitMs, signal);
      if (rcode === 'NOERROR') return undefined;
      // asking again would not change its mind (RFC 1996 3.6)
      if (rcode !== undefined) return `it answered ${rcode}`;
    } catch (error) {
      reason = messageOf(error);
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
    if (signal.aborted) return 'stopped';
  }
  return reason;
}

/** @returns the rcode of its answer, undefined where none came */
function answerOf(
  { address, port }: Endpoint,
  message: Uint8Array,
  id: number,
  waitMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  let isOpen = true;
  const answered = new Promise<string | undefined>((resolve, reject) => {
    stop = () => {
      resolve(undefined);
    };
    timer = setTimeout(stop, waitMs);
    signal.addEventListener('abort', stop, { once: true });
    socket.on('error', reject);
    socket.on('message', (reply) => {
      const rcode = rcodeOfReply(reply, id);
      if (rcode !== undefined) resolve(rcode);
    });
    // connected, so that only this server's datagrams arrive, and its refusals do
    socket.connect(port, address, () => {
      if (isOpen) socket.send(message);
    });
  });
  return answered.finally(() => {
    isOpen = false;
    clearTimeout(timer);
    if (stop) signal.removeEventListener('abort', stop);
    socket.close();
  });
}

function rcodeOfReply(bytes: Uint8Array, id: number): string | undefined {
  try {
    // the types of dns-packet leave the rcode out
    const reply = decode(Buffer.from(bytes)) as DecodedPacket & { readonly rcode: string };
    return reply.type === 'response' && reply.id === id ? reply.rcode : undefined;
  } catch {
    // not a DNS message: the answer may still come
    return undefined;
  }
}
