import type { Socket } from 'node:net';

import { Client } from '../answer/client.js';
import { TYPE } from '../wire/codes.js';
import { setClientAddress } from './client-address.js';
import { FrameReader, PREFIX_BYTES, questionType } from './frames.js';

/** Longest query; DNS has no use for longer ones (an IXFR's SOA and a signature fit easily). */
const QUERY_BYTES = 4096;
/** A client that leaves more of its replies unread is not read from until it has. */
const UNREAD_BYTES = 65_536;

/** Sends replies of a zone transfer, one message after the other. */
export interface ReplyStream {
  /** Resolves when the next one may be given; rejects where the client has gone. */
  send(message: Uint8Array): Promise<void>;
}

/**
 * Takes over a query of type AXFR or IXFR; queries behind it wait until it is done.
 *
 * @returns undefined where the query is to be answered like any other
 */
export type TransferHandler = (
  query: Uint8Array,
  client: Client,
  stream: ReplyStream,
) => Promise<void> | undefined;

/** Answers one message: the reply, which holds until the next call, or undefined for none. */
export type AnswerMessage = (message: Uint8Array, client: Client) => Uint8Array | undefined;

/** One client's connection. */
export class TcpConnection {
  /** When the client last did something that got it an answer (or connected); performance.now(). */
  activeMs = performance.now();
  readonly client = new Client();
  readonly socket: Socket;

  readonly #answer: AnswerMessage;
  readonly #transfer: TransferHandler | undefined;
  readonly #frames = new FrameReader(QUERY_BYTES);
  #isTransferring = false;

  constructor(socket: Socket, answer: AnswerMessage, transfer: TransferHandler | undefined) {
    this.socket = socket;
    this.#answer = answer;
    this.#transfer = transfer;
    const { remoteAddress = '', remoteFamily } = socket;
    if (!setClientAddress(this.client, remoteAddress, remoteFamily === 'IPv4' ? 4 : 6)) {
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    socket.on('data', (piece: Buffer) => {
      this.#frames.push(piece);
      this.#proceed();
    });
    socket.on('drain', () => {
      this.#proceed();
    });
    // a client may go whenever it likes; `close` follows
    socket.on('error', () => undefined);
  }

  #proceed(): void {
    const { socket } = this;
    if (!this.#mayTake()) return;
    socket.cork();
    try {
      while (this.#mayTake()) {
        const message = this.#frames.next();
        if (message === undefined) break;
        if (message === 'oversized') {
          socket.destroy();
          return;
        }
        this.#take(message);
      }
    } finally {
      socket.uncork();
    }
    if (this.#mayTake()) socket.resume();
    else socket.pause();
  }

  #mayTake(): boolean {
    const { destroyed, writableLength } = this.socket;
    return !destroyed && writableLength < UNREAD_BYTES && !this.#isTransferring;
  }

  #take(message: Uint8Array): void {
    const type = questionType(message);
    if (this.#transfer && (type === TYPE.AXFR || type === TYPE.IXFR)) {
      const work = this.#transfer(message.slice(), this.client, { send: (m) => this.#send(m) });
      if (work !== undefined) {
        this.#follow(work);
        return;
      }
    }
    const reply = this.#answer(message, this.client);
    // what gets no answer over UDP either: no client of ours
    if (reply === undefined) {
      this.socket.destroy();
      return;
    }
    this.#write(reply);
    this.activeMs = performance.now();
  }

  #follow(work: Promise<void>): void {
    this.#isTransferring = true;
    work
      .catch(() => this.socket.destroy())
      .finally(() => {
        this.#isTransferring = false;
        this.activeMs = performance.now();
        this.#proceed();
      });
  }

  #write(message: Uint8Array): boolean {
    const prefix = Uint8Array.of(message.length >>> 8, message.length & 0xff);
    return this.socket.write(Buffer.concat([prefix, message], PREFIX_BYTES + message.length));
  }

  async #send(message: Uint8Array): Promise<void> {
    const { socket } = this;
    if (socket.destroyed) throw new Error('the client has gone');
    this.activeMs = performance.now();
    if (this.#write(message)) return;
    await new Promise<void>((resolve, reject) => {
      const go = (): void => {
        socket.off('drain', go).off('close', go);
        if (socket.destroyed) reject(new Error('the client has gone'));
        else resolve();
      };
      socket.on('drain', go).on('close', go);
    });
  }
}
