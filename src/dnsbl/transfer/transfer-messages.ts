import type { CompiledZone, CompiledZones } from '../index/compile.js';
import { FLAG, HEADER_BYTES } from '../wire/codes.js';
import { type TransferRecord, zoneRecords } from './zone-records.js';

/** Most bytes of a message: pointers reach 16,383, and a small message is soon on its way. */
const MESSAGE_BYTES = 16_000;

/**
 * The messages that answer an AXFR (RFC 5936), each with the question, in whose name every owner
 * ends.
 *
 * @param query the whole question message
 * @param questionEnd where its question ends
 */
export function* transferMessages(
  zones: CompiledZones,
  zone: CompiledZone,
  query: Uint8Array,
  questionEnd: number,
): Generator<Uint8Array> {
  const head = headOf(query, questionEnd);
  let message = new MessageBuilder(head);
  for (const record of zoneRecords(zones, zone)) {
    if (message.tryAdd(record)) continue;
    yield message.build();
    message = new MessageBuilder(head);
    if (!message.tryAdd(record)) throw new Error('a record is larger than a message');
  }
  yield message.build();
}

/** The answer to an IXFR of a secondary that has the zone: its SOA alone (RFC 1995 4). */
export function upToDateMessage(
  zone: CompiledZone,
  query: Uint8Array,
  questionEnd: number,
): Uint8Array {
  const message = new MessageBuilder(headOf(query, questionEnd));
  message.tryAdd({ owner: new Uint8Array(0), body: zone.soa });
  return message.build();
}

function headOf(query: Uint8Array, questionEnd: number): Uint8Array {
  const head = Uint8Array.from(query.subarray(0, questionEnd));
  head[2] = ((head[2] as number) & FLAG.RD) | FLAG.QR | FLAG.AA;
  head[3] = 0;
  head.fill(0, 6, HEADER_BYTES);
  return head;
}

class MessageBuilder {
  readonly #bytes = new Uint8Array(MESSAGE_BYTES);
  #at: number;
  #count = 0;

  constructor(head: Uint8Array) {
    this.#bytes.set(head);
    this.#at = head.length;
  }

  /** False where the record does not fit any more. */
  tryAdd({ owner, body }: TransferRecord): boolean {
    if (this.#at + owner.length + 2 + body.length > MESSAGE_BYTES || this.#count === 0xffff) {
      return false;
    }
    this.#bytes.set(owner, this.#at);
    this.#at += owner.length;
    this.#bytes[this.#at++] = 0xc0;
    this.#bytes[this.#at++] = HEADER_BYTES;
    this.#bytes.set(body, this.#at);
    this.#at += body.length;
    this.#count++;
    return true;
  }

  build(): Uint8Array {
    this.#bytes[6] = this.#count >>> 8;
    this.#bytes[7] = this.#count & 0xff;
    return this.#bytes.subarray(0, this.#at);
  }
}
