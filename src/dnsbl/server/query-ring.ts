import type { Client } from '../answer/client.js';
import type { Responder } from '../answer/responder.js';

/** Records of a ring: a tenth of a second at full rate. */
const PLACES = 1 << 14;
const RECORD_BYTES = 304;
const NAME_AT = 40;

/** Counters at the ring's head; one thread writes, one reads, and neither ever waits. */
const WRITTEN = 0;
const READ = 1;
const LOST = 2;

/** What is logged of queries. */
export interface QueryLogChoice {
  readonly which: 'all' | 'listed';
  /** Share of them that is logged, evenly: 1 for all, 0.01 for every hundredth. */
  readonly sample: number;
}

/** A query and what was said to it, as the log has it. */
export interface LoggedQuery {
  readonly timeMs: number;
  readonly family: 4 | 6;
  readonly words: Uint32Array;
  /** Wire form, lower case; empty where the question could not be read. */
  readonly name: Uint8Array;
  readonly type: number;
  readonly klass: number;
  readonly rcode: number;
  readonly answers: number;
  /** Bytes of the reply. */
  readonly size: number;
}

export function newQueryRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(16 + PLACES * RECORD_BYTES);
}

/**
 * Where a thread that answers leaves what the log shall have: a ring in shared memory. Where
 * it is full a query is counted and left out, so that no log can keep an answer waiting.
 */
export class QueryRingWriter {
  readonly #counts: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #choice: QueryLogChoice;
  /** Reaches 1 where the next one is logged. */
  #due = 0;

  constructor(memory: SharedArrayBuffer, choice: QueryLogChoice) {
    this.#counts = new Int32Array(memory, 0, 4);
    this.#bytes = new Uint8Array(memory, 16);
    this.#view = new DataView(memory, 16);
    this.#choice = choice;
  }

  /** @param size bytes of the reply at `reply[at…]`; 0 where there was none */
  write(
    responder: Responder,
    client: Client,
    reply: Uint8Array,
    at: number,
    size: number,
    timeMs: number,
  ): void {
    if (size === 0 || (this.#choice.which === 'listed' && responder.listing < 0)) return;
    this.#due += this.#choice.sample;
    if (this.#due < 1) return;
    this.#due -= 1;
    const written = Atomics.load(this.#counts, WRITTEN);
    if (((written - Atomics.load(this.#counts, READ)) | 0) >= PLACES) {
      Atomics.add(this.#counts, LOST, 1);
      return;
    }
    const { query } = responder;
    const from = (written & (PLACES - 1)) * RECORD_BYTES;
    const view = this.#view;
    view.setFloat64(from, timeMs);
    for (let k = 0; k < 4; k++) view.setUint32(from + 8 + 4 * k, client.words[k] as number);
    view.setUint8(from + 24, client.family);
    view.setUint8(from + 25, responder.rcode);
    view.setUint16(from + 26, query.type);
    view.setUint16(from + 28, query.klass);
    view.setUint16(from + 30, ((reply[at + 6] as number) << 8) | (reply[at + 7] as number));
    view.setUint32(from + 32, size);
    const length = query.questionEnd === 0 ? 0 : query.nameEnd + 1;
    view.setUint16(from + 36, length);
    const name = from + NAME_AT;
    for (let k = 0; k < length; k++) this.#bytes[name + k] = query.name[k] as number;
    Atomics.store(this.#counts, WRITTEN, (written + 1) | 0);
  }
}

export class QueryRingReader {
  readonly #counts: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(memory: SharedArrayBuffer) {
    this.#counts = new Int32Array(memory, 0, 4);
    this.#bytes = new Uint8Array(memory, 16);
    this.#view = new DataView(memory, 16);
  }

  /** Takes out everything that stands there now. */
  *read(): Generator<LoggedQuery> {
    const written = Atomics.load(this.#counts, WRITTEN);
    for (let k = Atomics.load(this.#counts, READ); k !== written;) {
      const record = this.#record((k & (PLACES - 1)) * RECORD_BYTES);
      k = (k + 1) | 0;
      Atomics.store(this.#counts, READ, k);
      yield record;
    }
  }

  /** Forgets everything that stands there now, and what was left out. */
  skip(): void {
    Atomics.store(this.#counts, READ, Atomics.load(this.#counts, WRITTEN));
    this.takeLost();
  }

  /** How many were left out since the last time. */
  takeLost(): number {
    return Atomics.exchange(this.#counts, LOST, 0);
  }

  #record(from: number): LoggedQuery {
    const view = this.#view;
    const name = from + NAME_AT;
    const words = new Uint32Array(4);
    for (let k = 0; k < 4; k++) words[k] = view.getUint32(from + 8 + 4 * k);
    return {
      timeMs: view.getFloat64(from),
      family: view.getUint8(from + 24) === 4 ? 4 : 6,
      words,
      rcode: view.getUint8(from + 25),
      type: view.getUint16(from + 26),
      klass: view.getUint16(from + 28),
      answers: view.getUint16(from + 30),
      size: view.getUint32(from + 32),
      name: this.#bytes.slice(name, name + view.getUint16(from + 36)),
    };
  }
}
