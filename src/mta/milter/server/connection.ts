import type { Socket } from 'node:net';

import type { MilterCounters } from '../counters.js';
import { MilterSession, type SessionContext } from '../session.js';
import { readEvent } from '../wire/event.js';
import { PacketReader, type Taken } from '../wire/packet-reader.js';
import { writeReply } from '../wire/reply.js';

/** What one connection may use up. */
export interface ConnectionLimits {
  readonly packetBytes: number;
  readonly sessionBytes: number;
  readonly idleMs: number;
  readonly packetMs: number;
}

/** How long one connection's packets are answered before others have their turn. */
const TURN_MS = 10;
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
  #isPaused = false;

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

  /**
   * Takes what came, for a few milliseconds: other connections wait meanwhile.
   *
   * @param nowMs of a clock that only goes forward
   * @returns whether there is more, for which it is to be called again, without a piece
   */
  receive(piece: Buffer, nowMs: number): boolean {
    this.#isPaused = false;
    this.#bytes += piece.length;
    if (this.#bytes > this.#limits.sessionBytes) {
      this.#refuse(`more than ${this.#limits.sessionBytes} bytes`);
      return false;
    }
    const replies: Buffer[] = [];
    const bad = this.#reader.read(piece, (packet) => this.#answer(packet, replies, nowMs));
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
    return this.#hasMore();
  }

  #hasMore(): boolean {
    return this.#isPaused && !this.#socket.destroyed;
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

  #answer(packet: Buffer, replies: Buffer[], startedMs: number): Taken {
    const event = readEvent(packet);
    if ('expected' in event) {
      this.#refuse(`${event.found}, expected ${event.expected}`);
      return 'end';
    }
    for (const reply of this.#session.handleSafely(event)) replies.push(writeReply(reply));
    this.#hasQuit = event.type === 'quit';
    if (this.#hasQuit) return 'end';
    this.#isPaused = performance.now() - startedMs > TURN_MS;
    return this.#isPaused ? 'pause' : 'more';
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
