import { createSocket } from 'node:dgram';
import { randomInt } from 'node:crypto';
import { connect, isIPv6 } from 'node:net';

import { type Answer, type DecodedPacket, decode, encode } from 'dns-packet';

import type { Endpoint } from '../../../config/network-values.js';
import { rcodeOf, recordTexts } from '../../../util/dns-reply.js';
import { codeOf, messageOf } from '../../../util/errors.js';

export interface Question {
  readonly name: string;
  readonly type: 'A' | 'TXT';
  /** `CH` for what servers tell of themselves; `IN` where left out. */
  readonly class?: 'IN' | 'CH';
  /** Ask a resolver not to validate (RFC 4035 3.2.2). */
  readonly isCheckingDisabled?: boolean;
}

/** What came back. */
export interface Reply {
  /** `NOERROR`, `NXDOMAIN`, …; undefined where nothing came back. */
  readonly rcode: string | undefined;
  /** Why nothing came back, as in `no answer within 2 s`. */
  readonly silence?: string;
  /** Data of the answers of the asked type. */
  readonly records: readonly string[];
  /** How long a negative answer may be kept (RFC 2308 5), seconds, where it says so. */
  readonly negativeTtlSeconds?: number;
}

const RECURSION_DESIRED = 0x0100;
const CHECKING_DISABLED = 0x0010;
const TRUNCATED = 0x0200;

/**
 * One question to one server, by UDP, and by TCP where the answer does not fit.
 *
 * @param timeoutMs for each of two tries
 */
export async function ask(at: Endpoint, question: Question, timeoutMs: number): Promise<Reply> {
  try {
    const query = (): Uint8Array => message(question);
    const reply = await askOverUdp(at, query(), timeoutMs).catch((error: unknown) => {
      // a refused port stays refused; a lost packet may come through
      if (codeOf(error) !== 'ETIMEDOUT') throw error;
      return askOverUdp(at, query(), timeoutMs);
    });
    const whole = isCut(reply) ? await askOverTcp(at, query(), timeoutMs) : reply;
    return read(whole, question);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return { rcode: undefined, silence: silenceText(error, timeoutMs), records: [] };
  }
}

function message({ name, type, class: wanted = 'IN', isCheckingDisabled }: Question): Uint8Array {
  return encode({
    type: 'query',
    id: randomInt(65_536),
    flags: RECURSION_DESIRED | (isCheckingDisabled ? CHECKING_DISABLED : 0),
    questions: [{ name, type, class: wanted }],
  });
}

function askOverUdp(at: Endpoint, query: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(at.address) ? 'udp6' : 'udp4');
    const end = (then: () => void): void => {
      clearTimeout(timer);
      socket.close();
      then();
    };
    const timer = setTimeout(() => end(() => reject(timeoutError())), timeoutMs);
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('message', (reply) => {
      if (isReplyTo(query, reply)) end(() => resolve(reply));
    });
    // connected, so that a refused port is said at once and nobody else's answer counts
    socket.on('connect', () => socket.send(query));
    socket.connect(at.port, at.address);
  });
}

function askOverTcp(at: Endpoint, query: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: at.address, port: at.port });
    const pieces: Buffer[] = [];
    const end = (then: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      then();
    };
    const timer = setTimeout(() => end(() => reject(timeoutError())), timeoutMs);
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('end', () => end(() => reject(timeoutError())));
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece);
      const bytes = Buffer.concat(pieces);
      if (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE(0)) return;
      const reply = bytes.subarray(2, 2 + bytes.readUInt16BE(0));
      if (isReplyTo(query, reply)) end(() => resolve(reply));
      else end(() => reject(timeoutError()));
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
  });
}

function timeoutError(): Error {
  return Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
}

function isReplyTo(query: Uint8Array, reply: Uint8Array): boolean {
  const isReply = ((reply[2] ?? 0) & 0x80) !== 0;
  return reply.length >= 12 && isReply && query[0] === reply[0] && query[1] === reply[1];
}

function isCut(reply: Uint8Array): boolean {
  return (((reply[2] ?? 0) << 8) & TRUNCATED) !== 0;
}

function read(bytes: Uint8Array, { type }: Question): Reply {
  let packet: DecodedPacket;
  try {
    packet = decode(Buffer.from(bytes));
  } catch (error) {
    // dns-packet throws plain errors and RangeErrors at what is no DNS message
    return { rcode: undefined, silence: `no DNS message: ${messageOf(error)}`, records: [] };
  }
  const negativeTtlSeconds = negativeTtlOf(packet.authorities ?? []);
  return {
    rcode: rcodeOf(packet),
    records: recordTexts(packet, type),
    ...(negativeTtlSeconds !== undefined && { negativeTtlSeconds }),
  };
}

function negativeTtlOf(authorities: readonly Answer[]): number | undefined {
  for (const record of authorities) {
    if (record.type !== 'SOA') continue;
    return Math.min(record.ttl ?? 0, record.data.minimum ?? 0);
  }
  return undefined;
}

function silenceText(error: unknown, timeoutMs: number): string {
  const meanings: Readonly<Record<string, string>> = {
    ETIMEDOUT: `no answer within ${(2 * timeoutMs) / 1000} s`,
    ECONNREFUSED: 'nobody listens there',
    ENETUNREACH: 'the network is unreachable',
    EHOSTUNREACH: 'the host is unreachable',
    EADDRNOTAVAIL: 'this host has no address to ask from',
    EACCES: 'not permitted, perhaps by a firewall',
    EPERM: 'not permitted, perhaps by a firewall',
  };
  return meanings[codeOf(error) ?? ''] ?? messageOf(error);
}
