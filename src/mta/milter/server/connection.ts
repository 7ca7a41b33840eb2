import type { Socket } from 'node:net';

import type { MilterCounters } from '../counters.js';
import { MilterSession, type SessionContext } from '../session.js';
import { readEvent } from '../wire/event.js';
import { PacketReader } from '../wire/packet-reader.js';
import { writeReply } from '../wire/reply.js';

/** What one connection may use up. */
export interface ConnectionLimits {
  readonly packetBytes: number;
  readonly sessionBytes: number;
  readonly idleMs: number;
  readonly packetMs: number;
}

/** Answers that are not read: a mail server reads each before it goes on. */
const UNREAD_BYTES = 256 * 1024;

/** One connection of a mail server: bytes in, bytes out, and when it has to end. */
export class MilterConnection {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  readonly #counters: MilterCounters;
  readonly #session: MilterSession;
  readonly #reader: PacketReader;
  readonly #tell: (text: string) => void;
  #bytes = 0;
  #deadlineMs: number;
  #isIdle = false;
  #hasQuit = false;

  /** @param tell is told why it was ended, where that was not the mail server's will */
  constructor(
    socket: Socket,
    limits: ConnectionLimits,
    context: SessionContext,
    nowMs: number,
    tell: (text: string) => void,
  ) {
    this.#socket = socket;
    this.#limits = limits;
    this.#counters = context.counters;
    this.#session = new MilterSession(context);
    this.#reader = new PacketReader(limits.packetBytes);
    this.#tell = tell;
    this.#deadlineMs = nowMs + limits.packetMs;
  }

  /** Bytes of a packet that is not complete. */
  get waitingBytes(): number {
    return this.#reader.keptBytes;
  }

  /** Takes what came. @param nowMs of a clock that only goes forward */
  receive(piece: Buffer, nowMs: number): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#limits.sessionBytes) {
      this.#refuse(`more than ${this.#limits.sessionBytes} bytes`);
      return;
    }
    const replies: Buffer[] = [];
    const bad = this.#reader.read(piece, (packet) => this.#answer(packet, replies));
    if (replies.length > 0 && this.#socket.writable) {
      this.#socket.write(replies.length === 1 ? (replies[0] as Buffer) : Buffer.concat(replies));
    }
    if (bad !== undefined) {
      this.#refuse(`a packet of ${bad.badLength} bytes, expected 1 to ${this.#limits.packetBytes}`);
    } else if (this.#hasQuit) this.#socket.end();
    else if (this.#socket.writableLength > UNREAD_BYTES) {
      this.#counters.connections.timedOut += 1;
      this.end('does not read its answers');
    }
    this.#setDeadline(nowMs);
  }

  /** Ends the connection where it is overdue. */
  look(nowMs: number): void {
    if (nowMs < this.#deadlineMs || this.#socket.destroyed) return;
    this.#counters.connections.timedOut += 1;
    this.end(this.#isIdle ? 'was silent for too long' : 'did not finish a packet in time');
  }

  end(why: string): void {
    this.#tell(why);
    this.#socket.destroy();
  }

  /** @returns whether there may be more */
  #answer(packet: Buffer, replies: Buffer[]): boolean {
    const event = readEvent(packet);
    if ('expected' in event) {
      this.#refuse(`${event.found}, expected ${event.expected}`);
      return false;
    }
    for (const reply of this.#session.handleSafely(event)) replies.push(writeReply(reply));
    this.#hasQuit = event.type === 'quit';
    return !this.#hasQuit;
  }

  #refuse(what: string): void {
    this.#counters.connections.malformed += 1;
    this.end(`sent ${what}`);
  }

  /** What has begun has to be finished soon; between packets a client may take its time. */
  #setDeadline(nowMs: number): void {
    const isWaiting = this.#reader.keptBytes > 0;
    if (isWaiting && !this.#isIdle) return;
    this.#isIdle = !isWaiting;
    this.#deadlineMs = nowMs + (isWaiting ? this.#limits.packetMs : this.#limits.idleMs);
  }
}
