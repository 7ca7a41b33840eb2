import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { temporaryFolder } from './cleanup.js';
import type { Namespace } from './namespace.js';
import { MAIN } from './sekisho.js';
import type { Server } from './server.js';

export interface MilterWishes {
  /** Lines of the part `milter`, each with two spaces before it. */
  readonly milter?: string;
  /** Port of 127.0.0.1; 9900 where left out. */
  readonly port?: number;
  /** Further files beside the configuration, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * `sekisho milter` inside a namespace until the test or file ends: on a port of 127.0.0.1 and on
 * `milter.sock` in its folder. 203.0.113.7 and 2001:db8:bad::/48 are refused, 203.0.113.8 and
 * 2001:db8:cc::/48 for now.
 */
export class MilterService {
  readonly folder: string;
  server: Server;
  readonly #network: Namespace;
  readonly #wishes: MilterWishes;

  private constructor(network: Namespace, folder: string, server: Server, wishes: MilterWishes) {
    this.#network = network;
    this.folder = folder;
    this.server = server;
    this.#wishes = wishes;
  }

  static async start(network: Namespace, wishes: MilterWishes = {}): Promise<MilterService> {
    const folder = await temporaryFolder();
    const path = join(folder, 'sekisho.yaml');
    writeFileSync(path, configText(wishes));
    const files = {
      'blocked.txt': '203.0.113.7 spam\n2001:db8:bad::/48\n',
      'later.txt': '203.0.113.8\n2001:db8:cc::/48\n',
      ...wishes.files,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    mkdirSync(join(folder, 'state'));
    return new MilterService(network, folder, await startIn(network, folder), wishes);
  }

  /** Ends it, and starts another one in its folder. */
  async restart(): Promise<void> {
    await this.server.stop();
    this.server = await startIn(this.#network, this.folder);
  }

  /** Writes another configuration, and waits until it is in force. */
  async reload(milter: string): Promise<void> {
    const before = this.server.output().length;
    this.write('sekisho.yaml', configText({ ...this.#wishes, milter }));
    this.server.signal('SIGHUP');
    await until(() => this.server.output().slice(before).includes('loaded again'));
  }

  /** Replaces a file as a whole. */
  write(name: string, text: string): void {
    writeFileSync(join(this.folder, `${name}.new`), text);
    renameSync(join(this.folder, `${name}.new`), join(this.folder, name));
  }
}

/** Whether a Unix socket is listened on: its file is there a moment before. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}

function startIn(network: Namespace, folder: string): Promise<Server> {
  const words = [MAIN, 'milter', '--config', join(folder, 'sekisho.yaml')];
  return network.start(process.execPath, words, {
    cwd: folder,
    timeoutMs: 30_000,
    ready: () => isAnswered(join(folder, 'milter.sock')),
  });
}

function configText({ milter = '', port = 9900 }: MilterWishes): string {
  return `state: state
lists:
  blocked: { file: blocked.txt }
  later: { file: later.txt, action: tempfail }
milter:
  listen: ["127.0.0.1:${port}", "unix:milter.sock"]
  socket_mode: "0666"
  lists:
    blocked: { text: "[$] is 100% blocked: $reason" }
    later: { code: "451 4.7.0", text: "[$] later" }
${milter}`;
}

export async function until(isSo: () => boolean, timeoutMs = 10_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !isSo();) {
    if (Date.now() > end) throw new Error('it did not come to be so in time');
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
