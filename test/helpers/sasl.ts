import { chmodSync } from 'node:fs';
import net from 'node:net';

import { cleanUp } from './cleanup.js';

/** Whom to let in. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/**
 * Answers Postfix as Dovecot's authentication service would, in the protocol of its client (version
 * 1.1), for AUTH PLAIN of one user; until the test or file ends.
 *
 * @param path of the socket, as in `smtpd_sasl_path`
 */
export async function startAuthentication(path: string, { user, password }: Login): Promise<void> {
  const expected = Buffer.from(`\0${user}\0${password}`).toString('base64');
  const server = net.createServer((socket) => {
    const hello = [
      ...['VERSION\t1\t1', 'MECH\tPLAIN\tplaintext', 'SPID\t1', 'CUID\t1'],
      ...[`COOKIE\t${'0'.repeat(32)}`, 'DONE'],
    ];
    socket.write(`${hello.join('\n')}\n`);
    socket.on('error', () => undefined); // Postfix ends when it likes
    let rest = '';
    socket.setEncoding('utf8').on('data', (piece: string) => {
      const lines = `${rest}${piece}`.split('\n');
      rest = lines.pop() ?? '';
      for (const [command, id, ...words] of lines.map((line) => line.split('\t'))) {
        if (command !== 'AUTH') continue;
        const isRight = words.includes(`resp=${expected}`);
        socket.write(`${isRight ? 'OK' : 'FAIL'}\t${id ?? ''}\tuser=${user}\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  chmodSync(path, 0o666);
  cleanUp(() => server.close());
}
