import { once } from 'node:events';
import net from 'node:net';

import { cleanUp } from './cleanup.js';

/** A packet of the milter protocol: length, command, texts each with a NUL at its end. */
export function packet(command: string, ...parts: readonly (string | Buffer)[]): Buffer {
  const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part));
  const body = Buffer.concat([Buffer.from(command, 'latin1'), ...bytes]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

export function options(actions = 0x1ff, steps = 0x1fffff): Buffer {
  const numbers = Buffer.alloc(12);
  for (const [k, value] of [6, actions, steps].entries()) numbers.writeUInt32BE(value, 4 * k);
  return packet('O', numbers);
}

export function connectPacket(address: string): Buffer {
  const family = address.includes(':') ? '6' : '4';
  const head = Buffer.concat([
    Buffer.from('client.example\0'),
    Buffer.from(family),
    Buffer.of(4, 1),
  ]);
  return packet('C', head, address);
}

/** What a mail server sends of one message, up to the recipient. */
export function upToRecipient(address: string, recipient = '<user@test.example>'): Buffer {
  return Buffer.concat([
    options(),
    packet('D', Buffer.from('C'), 'j', 'mx.test.example', '{daemon_port}', '25'),
    connectPacket(address),
    packet('H', 'client.example'),
    packet('M', '<sender@sender.example>'),
    packet('R', recipient),
  ]);
}

/** A mail server's side of one connection. */
export class MilterClient {
  readonly socket: net.Socket;
  #received = Buffer.alloc(0);
  #wake = (): void => undefined;
  isClosed = false;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (piece) => {
      this.#received = Buffer.concat([this.#received, piece]);
      this.#wake();
    });
    socket.on('error', () => undefined); // closed by the other side: that is what is looked at
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
    cleanUp(() => socket.destroy());
  }

  static async open(place: net.NetConnectOpts): Promise<MilterClient> {
    const socket = net.connect(place);
    await once(socket, 'connect');
    return new MilterClient(socket);
  }

  send(...packets: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(packets));
  }

  /** The next reply: its command and what stands behind it; `closed` where there is none. */
  async reply(timeoutMs = 5000): Promise<string> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const length = this.#received.length >= 4 ? this.#received.readUInt32BE(0) : Infinity;
      if (this.#received.length >= 4 + length) {
        const text = this.#received.toString('latin1', 4, 4 + length);
        this.#received = this.#received.subarray(4 + length);
        return text.replace(/\0$/, '');
      }
      if (this.isClosed) return 'closed';
      const leftMs = end - Date.now();
      if (leftMs <= 0) return 'nothing';
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Replies to a whole conversation up to the recipient: without that to the options. */
  async recipientReply(address: string, recipient?: string): Promise<string> {
    this.send(upToRecipient(address, recipient));
    await this.reply();
    return this.reply();
  }

  async closed(timeoutMs = 5000): Promise<boolean> {
    return (await this.reply(timeoutMs)) === 'closed';
  }
}
