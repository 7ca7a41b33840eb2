import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

import { cleanUp } from './cleanup.js';

/** A proxy on loopback, until the test ends. */
export interface TestProxy {
  /** `host:port`. */
  readonly url: string;
  /** What it was asked for: `GET /path`, `CONNECT host:port`. */
  readonly asked: string[];
}

/** Starts a proxy that forwards what asks for an absolute URL, and tunnels CONNECT. */
export async function startProxy(): Promise<TestProxy> {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${new URL(request.url ?? '').pathname}`);
    fetch(request.url ?? '')
      .then(async (answer) => {
        response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
      })
      .catch((error: unknown) => response.destroy(error as Error));
  });
  proxy.on('connect', (request, socket, head) => {
    asked.push(`CONNECT ${request.url ?? ''}`);
    const [host = '', port] = (request.url ?? '').split(':');
    const target = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.write(head);
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  cleanUp(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { url: `127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked };
}
