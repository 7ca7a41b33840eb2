import fs from 'node:fs';

import { isWritableNow } from '../../linux/writable.js';
import { codeOf, messageOf } from '../../util/errors.js';
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
  /** A file that cannot be opened is told, and lacks until it can when it is opened anew. */
  readonly mayLack?: boolean;
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
  readonly #mayLack: boolean;
  /** Undefined where the log lacks. */
  #fd: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Bytes that a pipe took only a part of. */
  #rest = Buffer.alloc(0);
  #pending: Iterator<LoggedQuery> | undefined;
  #toldMs = -Infinity;
  #lost = 0;
  #hasFailed = false;

  constructor(
    { file, toStandardOutput, mayLack = false, which, sample }: QueryLogSettings,
    report: Report,
  ) {
    this.#fd = toStandardOutput === true ? STDOUT : STDERR;
    this.choice = { which, sample };
    this.#file = file;
    this.#mayLack = mayLack;
    this.#report = report;
  }

  /** Begins to write. @throws SystemError where the file cannot be written, and may not lack */
  open(): void {
    if (this.#file !== undefined) this.#fd = this.#openFirst(this.#file);
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
      if (this.#fd !== undefined) fs.closeSync(this.#fd);
      this.#fd = fd;
      this.#hasFailed = false;
    } catch (error) {
      const instead = this.#fd === undefined ? 'there is no log' : 'the old log is written on';
      this.#report('error', `${messageOf(error)}; ${instead}`);
    }
  }

  /** Writes what there is, as far as that goes without waiting. */
  drain(): void {
    if (this.#fd === undefined) {
      for (const reader of this.#readers) reader.skip();
      return;
    }
    try {
      while (this.#writePiece(this.#fd));
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
    if (this.#file !== undefined && this.#fd !== undefined) fs.closeSync(this.#fd);
  }

  #openFirst(file: string): number | undefined {
    try {
      return openLog(file);
    } catch (error) {
      if (!this.#mayLack) throw error;
      this.#report(
        'error',
        `${messageOf(error)}; there is no log until it is opened anew (SIGHUP)`,
      );
      return undefined;
    }
  }

  /** @returns false where nothing is left, or nothing more can be written now */
  #writePiece(fd: number): boolean {
    if (!isWritableNow(fd)) return false;
    if (this.#rest.length === 0) this.#rest = Buffer.from(this.#nextLines());
    if (this.#rest.length === 0) return false;
    let written: number;
    try {
      written = fs.writeSync(fd, this.#rest);
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
