import { type RemoteInfo, type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';

import { Client } from '../answer/client.js';
import { type RateLimit, RateLimiter, newRateTable } from '../answer/rate-limiter.js';
import { Responder } from '../answer/responder.js';
import { answerSafely } from './answer-safely.js';
import { setClientAddress } from './client-address.js';
import { type ListenAddress, bindError, formatListen } from './listen.js';
import type { QueryLog } from './query-log.js';
import type { QueryRingWriter } from './query-ring.js';
import type { CountersFor, Generation, QueryTransport, Report } from './transport.js';

/** Room for a query and the longest reply over UDP. */
const DATAGRAM_BYTES = 1280;
const RECEIVE_BUFFER_BYTES = 4 << 20;

export interface DgramTransportOptions {
  readonly listen: readonly ListenAddress[];
  readonly rateLimit: RateLimit | undefined;
  readonly log: QueryLog | undefined;
  readonly countersFor: CountersFor;
  readonly report: Report;
}

/** UDP by Node's own sockets, in the main thread: wherever Node runs. */
export class DgramTransport implements QueryTransport {
  readonly #options: DgramTransportOptions;
  readonly #sockets: readonly Socket[];
  readonly #client = new Client();
  readonly #limiter: RateLimiter | undefined;
  readonly #log: QueryRingWriter | undefined;
  readonly #scratch = new Uint8Array(DATAGRAM_BYTES);
  #responder: Responder | undefined;

  private constructor(options: DgramTransportOptions, sockets: readonly Socket[]) {
    this.#options = options;
    this.#sockets = sockets;
    const { rateLimit, log } = options;
    this.#limiter = rateLimit && new RateLimiter(rateLimit, newRateTable());
    this.#log = log?.newWriter();
    for (const socket of sockets) {
      socket.on('message', (message, from) => {
        this.#answer(socket, message, from);
      });
      socket.on('error', (error) => {
        options.report('warning', `UDP: ${error.message}`);
      });
    }
  }

  /** Binds the sockets. @throws SystemError naming the address that cannot be had */
  static async bind(options: DgramTransportOptions): Promise<DgramTransport> {
    const sockets: Socket[] = [];
    try {
      for (const place of options.listen.flatMap((listen) => placesOf(listen, options.report))) {
        sockets.push(await bindSocket(place));
      }
    } catch (error) {
      for (const socket of sockets) socket.close();
      throw error;
    }
    return new DgramTransport(options, sockets);
  }

  serve(generation: Generation): void {
    const counters = this.#options.countersFor(generation);
    this.#responder = new Responder(generation.compiled, counters, this.#limiter);
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#sockets.map(async (socket) => {
        const closed = once(socket, 'close');
        socket.close();
        await closed;
      }),
    );
  }

  #answer(socket: Socket, message: Uint8Array, from: RemoteInfo): void {
    const responder = this.#responder;
    if (responder === undefined || !setClient(this.#client, from)) return;
    const scratch = this.#scratch;
    const length = Math.min(message.length, DATAGRAM_BYTES);
    scratch.set(message.subarray(0, length));
    const nowMs = Date.now();
    responder.nowMs = nowMs;
    const client = this.#client;
    const size = answerSafely(
      responder,
      scratch,
      0,
      length,
      DATAGRAM_BYTES,
      client,
      'udp',
      (text) => {
        this.#options.report('error', text);
      },
    );
    this.#log?.write(responder, client, scratch, 0, size, nowMs);
    if (size === 0) return;
    // a reply that cannot be sent is lost, as datagrams may be
    socket.send(scratch.slice(0, size), from.port, from.address, () => undefined);
  }
}

function setClient(client: Client, { address, family }: RemoteInfo): boolean {
  return setClientAddress(client, address, family === 'IPv4' ? 4 : 6);
}

/**
 * Node does not tell which of the host's addresses a datagram was sent to, so a socket on every
 * address would answer from another than was asked.
 */
function placesOf(listen: ListenAddress, report: Report): ListenAddress[] {
  const { address, port } = listen;
  if (address !== '0.0.0.0' && address !== '::') return [listen];
  const family = address === '::' ? 'IPv6' : 'IPv4';
  const places = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses
      .filter((own) => own.family === family)
      .map((own) => ({ address: own.scopeid ? `${own.address}%${name}` : own.address, port })),
  );
  const texts = places.map((place) => formatListen(place)).join(', ');
  report('info', `${formatListen(listen)} is ${texts}; addresses that come later need a restart`);
  return places;
}

async function bindSocket(place: ListenAddress): Promise<Socket> {
  const isIPv6 = place.address.includes(':');
  const socket = createSocket(isIPv6 ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
  try {
    const bound = once(socket, 'listening');
    socket.bind({ address: place.address, port: place.port, exclusive: true });
    await bound;
  } catch (error) {
    socket.close();
    throw bindError(error, place, 'UDP');
  }
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    return socket;
  } catch {
    return socket; // the system's own size is enough to go on with
  }
}
