import fs from 'node:fs';

import { isWritableNow } from '../../linux/writable.js';
import { codeOf } from '../../util/errors.js';
import { systemErrorOf } from '../../util/system-error.js';
import type { CompiledZones } from '../index/compile.js';
import { formatName } from '../wire/name.js';
import { queryLine } from './query-line.js';
import {
  type LoggedQuery,
  type QueryLogChoice,
  QueryRingReader,
  QueryRingWriter,
  newQueryRing,
} from './query-ring.js';
import type { Report } from './transport.js';

export interface QueryLogSettings extends QueryLogChoice {
  /** Appended to; standard error where it is left out. */
  readonly file?: string;
  /** Standard output in place of standard error. */
  readonly toStandardOutput?: boolean;
}

const [STDOUT, STDERR] = [1, 2];
const NEWLINE = 0x0a;
const DRAIN_MS = 50;
/** PIPE_BUF: so much is taken whole by a pipe that has room, or not at all. */
const PIECE_BYTES = 4096;
/** Losses are told no more often. */
const TELL_MS = 10_000;

/**
 * Writes what the answering threads left in their rings. Where the log cannot be written as fast
 * as queries come, or not at all, the rings fill and queries are left out of it: counted, told,
 * and nothing waits.
 */
export class QueryLog {
  readonly choice: QueryLogChoice;
  readonly #file: string | undefined;
  readonly #report: Report;
  readonly #readers: QueryRingReader[] = [];
  readonly #closed = new Map<string, Uint8Array>();
  #fd: number;
  #timer: NodeJS.Timeout | undefined;
  /** Bytes that a pipe took only a part of. */
  #rest = Buffer.alloc(0);
  #pending: Iterator<LoggedQuery> | undefined;
  #toldMs = -Infinity;
  #lost = 0;
  #hasFailed = false;

  constructor({ file, toStandardOutput, which, sample }: QueryLogSettings, report: Report) {
    this.#fd = toStandardOutput === true ? STDOUT : STDERR;
    this.choice = { which, sample };
    this.#file = file;
    this.#report = report;
  }

  /** Begins to write. @throws SystemError where the file cannot be written */
  open(): void {
    if (this.#file !== undefined) this.#fd = openLog(this.#file);
    this.#timer = setInterval(() => {
      this.drain();
    }, DRAIN_MS);
    this.#timer.unref();
  }

  /** Memory for a thread to write to. */
  newRing(): SharedArrayBuffer {
    const ring = newQueryRing();
    this.#readers.push(new QueryRingReader(ring));
    return ring;
  }

  newWriter(): QueryRingWriter {
    return new QueryRingWriter(this.newRing(), this.choice);
  }

  /** Remembers which names have keys below them; what once was a key stays hidden. */
  hideKeys({ zones }: CompiledZones): void {
    for (const { state, name } of zones) {
      if (state === 'closed') this.#closed.set(formatName(name), name);
    }
  }

  /** For log rotation: the file's name may lead to another file now. */
  reopen(): void {
    if (this.#file === undefined || this.#timer === undefined) return;
    try {
      const fd = openLog(this.#file);
      fs.closeSync(this.#fd);
      this.#fd = fd;
      this.#hasFailed = false;
    } catch (error) {
      this.#report('error', `${String(error)}; the old log is written on`);
    }
  }

  /** Writes what there is, as far as that goes without waiting. */
  drain(): void {
    try {
      while (this.#writePiece());
    } catch (error) {
      if (!this.#hasFailed) {
        this.#report('error', `the query log cannot be written: ${String(error)}`);
      }
      this.#hasFailed = true;
      this.#lost += this.#rest.filter((byte) => byte === NEWLINE).length;
      this.#rest = Buffer.alloc(0);
    }
    this.#tellLost();
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.drain();
    if (this.#file !== undefined) fs.closeSync(this.#fd);
  }

  /** @returns false where nothing is left, or nothing more can be written now */
  #writePiece(): boolean {
    if (!isWritableNow(this.#fd)) return false;
    if (this.#rest.length === 0) this.#rest = Buffer.from(this.#nextLines());
    if (this.#rest.length === 0) return false;
    let written: number;
    try {
      written = fs.writeSync(this.#fd, this.#rest);
    } catch (error) {
      if (codeOf(error) === 'EAGAIN') return false;
      throw error;
    }
    this.#rest = this.#rest.subarray(written);
    this.#hasFailed = false;
    return true;
  }

  /** Lines of at most PIECE_BYTES together (one line is shorter). */
  #nextLines(): string {
    const closed = [...this.#closed.values()];
    let text = '';
    const longest = 1200;
    while (text.length < PIECE_BYTES - longest) {
      this.#pending ??= this.#allRecords();
      const next = this.#pending.next();
      if (next.done === true) {
        this.#pending = undefined;
        break;
      }
      text += queryLine(next.value, closed);
    }
    return text;
  }

  *#allRecords(): Generator<LoggedQuery> {
    for (const reader of this.#readers) yield* reader.read();
  }

  #tellLost(): void {
    for (const reader of this.#readers) this.#lost += reader.takeLost();
    const nowMs = performance.now();
    if (this.#lost === 0 || nowMs - this.#toldMs < TELL_MS) return;
    this.#report(
      'warning',
      `${this.#lost} queries are not in the log: it could not be written so fast`,
    );
    this.#toldMs = nowMs;
    this.#lost = 0;
  }
}

/** A pipe that nobody reads is not waited for. */
function openLog(file: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = fs.constants;
  try {
    return fs.openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o640);
  } catch (error) {
    throw systemErrorOf(error, 'cannot write the query log', file);
  }
}
