import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { cleanUp } from './cleanup.js';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

/** What a path answers: the same each time, or the k-th of a list (the last one stays). */
export type Route = Reply | Handler | readonly (Reply | Handler)[];

/** An HTTP server on a loopback port of its own, until the test ends. */
export class TestServer {
  readonly requests: { path: string; headers: IncomingMessage['headers'] }[] = [];
  readonly routes = new Map<string, Route>();
  #origin = '';

  static async start(routes: Readonly<Record<string, Route>> = {}): Promise<TestServer> {
    const test = new TestServer();
    test.restart(routes);
    const server = createServer((request, response) => {
      test.#answer(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUp(() => {
      server.closeAllConnections();
      server.close();
    });
    test.#origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return test;
  }

  url(path: string): string {
    return this.#origin + path;
  }

  /** Answers differently from now on, and forgets what was asked. */
  restart(routes: Readonly<Record<string, Route>>): void {
    this.requests.length = 0;
    this.routes.clear();
    for (const [path, route] of Object.entries(routes)) this.routes.set(path, route);
  }

  /** How often a path was asked for. */
  count(path: string): number {
    return this.requests.filter((request) => request.path === path).length;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.requests.push({ path, headers: request.headers });
    const route = this.routes.get(path) ?? { status: 404, body: 'not found\n' };
    const step = isList(route) ? route[Math.min(this.count(path), route.length) - 1] : route;
    if (typeof step === 'function') {
      step(request, response);
      return;
    }
    const { status = 200, headers = {}, body = '' } = step ?? {};
    response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
    response.end(body);
  }
}

function isList(route: Route): route is readonly (Reply | Handler)[] {
  return Array.isArray(route);
}
