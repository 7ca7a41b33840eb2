import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { type DecodedPacket, decode, encode } from 'dns-packet';

import type { Endpoint } from '../../config/network-values.js';
import { messageOf } from '../../util/errors.js';

/** Waits for an answer: RFC 1996 3.6 asks for repetition with growing pauses. */
const WAITS_MS = [1000, 2000, 4000, 8000, 16_000];

const WILDCARDS = ['0.0.0.0', '::'];

const OPCODE_NOTIFY = 4 << 11;
const FLAG_AA = 0x400;

/**
 * The address that a secondary knows as its primary's: the first that is served on and that reaches
 * it; undefined where the route may choose, as on a wildcard.
 */
export function noticeSource(secondary: Endpoint, listen: readonly Endpoint[]): string | undefined {
  const family = isIP(secondary.address);
  const isNear = isLoopbackText(secondary.address);
  return listen
    .map(({ address }) => address)
    .filter((address) => isIP(address) === family && !WILDCARDS.includes(address))
    .find((address) => isLoopbackText(address) === isNear);
}

function isLoopbackText(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/**
 * Tells a secondary server that a zone has changed (NOTIFY, RFC 1996), again and again until it
 * answers.
 *
 * @param zone name without the last dot
 * @param source address that it comes from; left to the route where undefined
 * @returns undefined where it answered, else what went wrong
 */
export async function notifySecondary(
  secondary: Endpoint,
  zone: string,
  source: string | undefined,
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
      const rcode = await answerOf({ secondary, source, waitMs, signal }, message, id);
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

interface Notice {
  readonly secondary: Endpoint;
  readonly source: string | undefined;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** @returns the rcode of its answer, undefined where none came */
function answerOf(
  { secondary, source, waitMs, signal }: Notice,
  message: Uint8Array,
  id: number,
): Promise<string | undefined> {
  const { address, port } = secondary;
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
    socket.bind({ address: source ?? '', port: 0 }, () => {
      if (!isOpen) return;
      socket.connect(port, address, () => {
        if (isOpen) socket.send(message);
      });
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
