import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';

import { Registry, collectDefaultMetrics } from 'prom-client';

import type { Endpoint } from '../config/network-values.js';
import { SystemError, messageOf } from '../util/errors.js';
import { type MetricsInput, metricsText } from './metrics-text.js';

const PATH = '/metrics';
const LONGEST_HEADER_BYTES = 8192;
const TIMEOUT_MS = 5000;
const MOST_CONNECTIONS = 16;

/** Serves metrics over HTTP: GET and HEAD of /metrics, and nothing else. */
export class MetricsPart {
  readonly name = 'metrics';
  readonly #listen: Endpoint;
  readonly #gather: () => Promise<MetricsInput>;
  readonly #process = new Registry();
  #server: Server | undefined;
  #scrape: Promise<string> | undefined;

  /** @param gather what is told; called once for all who ask at the same time */
  constructor(listen: Endpoint, gather: () => Promise<MetricsInput>) {
    this.#listen = listen;
    this.#gather = gather;
    collectDefaultMetrics({ register: this.#process });
  }

  /** @throws SystemError where the port cannot be bound */
  async start(died: (error: unknown) => void): Promise<void> {
    const { address, port } = this.#listen;
    const server = createServer({ maxHeaderSize: LONGEST_HEADER_BYTES }, (request, response) => {
      void this.#answer(request, response);
    });
    server.maxConnections = MOST_CONNECTIONS;
    server.headersTimeout = TIMEOUT_MS;
    server.requestTimeout = TIMEOUT_MS;
    server.keepAliveTimeout = TIMEOUT_MS;
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        const place = `${address.includes(':') ? `[${address}]` : address}:${port}`;
        const what = `metrics cannot be served at ${place}: ${messageOf(error)}`;
        reject(new SystemError(`${what}; name another metrics.listen`, { cause: error }));
      });
      server.listen(port, address, () => {
        resolve();
      });
    });
    server.on('error', died);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined || !server.listening) return;
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  }

  snapshot(): unknown {
    const { address, port } = this.#listen;
    return { listen: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}` };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const plain = { 'Content-Type': 'text/plain; charset=utf-8' };
    if (request.url?.split('?')[0] !== PATH) {
      response.writeHead(404, plain).end(`expected ${PATH}\n`);
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { ...plain, Allow: 'GET, HEAD' }).end('expected GET or HEAD\n');
      return;
    }
    try {
      this.#scrape ??= this.#text().finally(() => {
        this.#scrape = undefined;
      });
      const text = await this.#scrape;
      const length = Buffer.byteLength(text);
      response.writeHead(200, {
        'Content-Type': Registry.PROMETHEUS_CONTENT_TYPE,
        'Content-Length': length,
      });
      response.end(request.method === 'HEAD' ? undefined : text);
    } catch (error) {
      // who scrapes sees the reason; the service goes on
      response.writeHead(500, plain).end(`${messageOf(error)}\n`);
    }
  }

  async #text(): Promise<string> {
    return (await metricsText(await this.#gather())) + (await this.#process.metrics());
  }
}
