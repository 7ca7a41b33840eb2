import { once } from 'node:events';
import { type Server, type Socket, createServer } from 'node:net';

import type { Client } from '../answer/client.js';
import { Responder } from '../answer/responder.js';
import { answerSafely } from './answer-safely.js';
import { type ListenAddress, bindError } from './listen.js';
import type { QueryLog } from './query-log.js';
import type { QueryRingWriter } from './query-ring.js';
import { TcpConnection, type TransferHandler } from './tcp-connection.js';
import type { CountersFor, Generation, QueryTransport, Report } from './transport.js';

export interface TcpLimits {
  readonly connections: number;
  readonly connectionsPerClient: number;
  /** A connection that got no answer for so long is closed. */
  readonly idleMs: number;
  /** The same where half of all connections are in use. */
  readonly idleCrowdedMs: number;
}

export const TCP_LIMITS: TcpLimits = {
  connections: 256,
  connectionsPerClient: 64,
  idleMs: 10_000,
  idleCrowdedMs: 2_000,
};

export interface TcpTransportOptions {
  readonly listen: readonly ListenAddress[];
  readonly limits: TcpLimits;
  readonly log: QueryLog | undefined;
  readonly countersFor: CountersFor;
  readonly report: Report;
  readonly transfer: TransferHandler | undefined;
}

/** A length in two bytes cannot say more. */
const LONGEST_MESSAGE = 65_535;

/**
 * DNS over TCP (RFC 7766) in the main thread: replies in the order of their queries, as many at
 * once as a client likes.
 */
export class TcpTransport implements QueryTransport {
  readonly #options: TcpTransportOptions;
  readonly #servers: readonly Server[];
  readonly #connections = new Set<TcpConnection>();
  readonly #scratch = new Uint8Array(LONGEST_MESSAGE);
  readonly #log: QueryRingWriter | undefined;
  readonly #timer: NodeJS.Timeout;
  #responder: Responder | undefined;

  private constructor(options: TcpTransportOptions, servers: readonly Server[]) {
    this.#options = options;
    this.#servers = servers;
    this.#log = options.log?.newWriter();
    for (const server of servers) {
      server.on('connection', (socket) => {
        this.#accept(socket);
      });
      server.on('error', (error) => {
        options.report('warning', `TCP: ${error.message}`);
      });
    }
    const { idleMs, idleCrowdedMs } = options.limits;
    const everyMs = Math.max(20, Math.min(500, Math.min(idleMs, idleCrowdedMs) / 4));
    this.#timer = setInterval(() => {
      this.#closeIdle();
    }, everyMs).unref();
  }

  /** Binds the sockets. @throws SystemError naming the address that cannot be had */
  static async bind(options: TcpTransportOptions): Promise<TcpTransport> {
    const servers: Server[] = [];
    try {
      for (const place of options.listen) servers.push(await bindServer(place));
    } catch (error) {
      for (const server of servers) server.close();
      throw error;
    }
    return new TcpTransport(options, servers);
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  serve(generation: Generation): void {
    this.#responder = new Responder(generation.compiled, this.#options.countersFor(generation));
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const closed = this.#servers.map(async (server) => {
      const end = once(server, 'close');
      server.close();
      await end;
    });
    for (const { socket } of this.#connections) socket.destroy();
    await Promise.all(closed);
  }

  #accept(socket: Socket): void {
    const { limits, transfer } = this.#options;
    if (this.#responder === undefined) {
      socket.destroy(); // nothing is served yet
      return;
    }
    const connection = new TcpConnection(
      socket,
      (message, client) => this.#answer(message, client),
      transfer,
    );
    if (this.#countOf(connection.client) >= limits.connectionsPerClient) {
      socket.destroy();
      return;
    }
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
    if (this.#connections.size > limits.connections) this.#closeOldest();
  }

  #answer(message: Uint8Array, client: Client): Uint8Array | undefined {
    const responder = this.#responder;
    if (responder === undefined) return undefined;
    const scratch = this.#scratch;
    scratch.set(message);
    const nowMs = Date.now();
    responder.nowMs = nowMs;
    const size = answerSafely(
      responder,
      scratch,
      0,
      message.length,
      LONGEST_MESSAGE,
      client,
      'tcp',
      (text) => {
        this.#options.report('error', text);
      },
    );
    this.#log?.write(responder, client, scratch, 0, size, nowMs);
    return size === 0 ? undefined : scratch.subarray(0, size);
  }

  /** IPv6 clients are told apart by their /64. */
  #countOf({ family, words }: Client): number {
    let count = 0;
    for (const { client } of this.#connections) {
      const isSame =
        client.family === family &&
        client.words[0] === words[0] &&
        (family === 4 || client.words[1] === words[1]);
      if (isSame) count++;
    }
    return count;
  }

  #closeIdle(): void {
    const { connections, idleMs, idleCrowdedMs } = this.#options.limits;
    const isCrowded = this.#connections.size * 2 > connections;
    const limitMs = isCrowded ? Math.min(idleMs, idleCrowdedMs) : idleMs;
    const nowMs = performance.now();
    for (const { socket, activeMs } of this.#connections) {
      if (nowMs - activeMs > limitMs) socket.destroy();
    }
  }

  /** Makes room for somebody who may have a question. */
  #closeOldest(): void {
    let oldest: TcpConnection | undefined;
    for (const connection of this.#connections) {
      if (oldest === undefined || connection.activeMs < oldest.activeMs) oldest = connection;
    }
    oldest?.socket.destroy();
  }
}

async function bindServer(place: ListenAddress): Promise<Server> {
  const server = createServer();
  try {
    const listening = once(server, 'listening');
    server.listen({ host: place.address, port: place.port, ipv6Only: true, exclusive: true });
    await listening;
    return server;
  } catch (error) {
    throw bindError(error, place, 'TCP');
  }
}
