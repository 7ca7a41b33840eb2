import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { temporaryFolder } from './cleanup.js';
import { ask } from './dns-questions.js';
import type { Namespace } from './namespace.js';
import { MAIN } from './sekisho.js';
import type { Server } from './server.js';

/** What a service is made of. */
export interface DnsblFiles {
  /** Text of sekisho.yaml. */
  readonly config: string;
  /** Other files beside it, by relative path. */
  readonly files?: Readonly<Record<string, string>>;
  /** A name that has an A record once zones are served; of bl.example.net where left out. */
  readonly probe?: string;
  /** Where that is asked; 127.0.0.1, port 5300, where left out. */
  readonly at?: { readonly address: string; readonly port?: number };
}

/** `sekisho serve` inside a namespace, with a folder of its own, until the test or file ends. */
export class DnsblService {
  readonly folder: string;
  readonly server: Server;

  private constructor(folder: string, server: Server) {
    this.folder = folder;
    this.server = server;
  }

  static async start(network: Namespace, wanted: DnsblFiles): Promise<DnsblService> {
    const { config, files = {}, probe = '2.0.0.127.bl.example.net' } = wanted;
    const folder = await temporaryFolder();
    const path = join(folder, 'sekisho.yaml');
    writeFileSync(path, config);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const server = await network.start(process.execPath, [MAIN, 'serve', '--config', path], {
      cwd: folder,
      timeoutMs: 30_000,
      ready: async () => (await ask(network, probe, 'A', wanted.at)).startsWith('NOERROR 127.'),
    });
    return new DnsblService(folder, server);
  }

  /** Replaces a file as a whole, as editors and `sekisho block` do. */
  write(name: string, text: string): void {
    writeFileSync(join(this.folder, `${name}.new`), text);
    renameSync(join(this.folder, `${name}.new`), join(this.folder, name));
  }
}

/** Waits until a question has this answer; fails with the last one. */
export async function until(
  question: () => Promise<string>,
  expected: string | RegExp,
  timeoutMs = 20_000,
): Promise<void> {
  const isRight = (text: string): boolean =>
    typeof expected === 'string' ? text === expected : expected.test(text);
  for (const end = Date.now() + timeoutMs; ;) {
    const found = await question();
    if (isRight(found)) return;
    if (Date.now() > end) throw new Error(`expected ${String(expected)}, found ${found}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
