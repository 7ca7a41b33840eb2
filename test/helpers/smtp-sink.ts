import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';

import { cleanUp } from './cleanup.js';

/** A mail server on a loopback port of its own that takes every message and keeps what it was told. */
export class SmtpSink {
  readonly commands: string[] = [];
  /** Messages with LF as the end of a line. */
  readonly messages: string[] = [];
  port = 0;

  /** @param refused recipients that it does not take */
  static async start(refused: readonly string[] = []): Promise<SmtpSink> {
    const sink = new SmtpSink();
    const server = createServer((socket) => {
      socket.on('error', () => undefined); // who gave up
      socket.write('220 sink.example ESMTP\r\n');
      let message: string[] | undefined;
      createInterface({ input: socket }).on('line', (line) => {
        if (message !== undefined) {
          if (line !== '.') message.push(line.replace(/^\./, ''));
          else {
            sink.messages.push(message.join('\n'));
            message = undefined;
            socket.write('250 taken\r\n');
          }
          return;
        }
        sink.commands.push(line);
        if (line === 'DATA') {
          message = [];
          socket.write('354 go on\r\n');
        } else if (line === 'QUIT') socket.end('221 bye\r\n');
        else if (refused.some((each) => line.includes(`<${each}>`))) socket.write('550 no\r\n');
        else socket.write('250 ok\r\n');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUp(() => {
      server.close();
    });
    sink.port = (server.address() as AddressInfo).port;
    return sink;
  }
}
