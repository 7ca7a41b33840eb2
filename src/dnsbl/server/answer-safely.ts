import { stackOf } from '../../util/errors.js';
import type { Client } from '../answer/client.js';
import { bareReply } from '../answer/reply.js';
import type { Responder, Transport } from '../answer/responder.js';
import { HEADER_BYTES, RCODE } from '../wire/codes.js';

/** Told of a defect that a query met, with the query in hexadecimal. */
export type TellDefect = (text: string) => void;

/**
 * {@link Responder.answer}, where a defect costs the query that met it an answer (SERVFAIL), and
 * nobody else anything.
 */
export function answerSafely(
  responder: Responder,
  bytes: Uint8Array,
  at: number,
  length: number,
  capacity: number,
  client: Client,
  transport: Transport,
  tell: TellDefect,
): number {
  try {
    return responder.answer(bytes, at, length, capacity, client, transport);
  } catch (error) {
    const query = Buffer.from(bytes.subarray(at, at + length)).toString('hex');
    tell(
      `a query could not be answered; this is a defect, please report it: ${query} ${stackOf(error)}`,
    );
    return length < HEADER_BYTES ? 0 : bareReply(bytes, at, RCODE.SERVFAIL);
  }
}
