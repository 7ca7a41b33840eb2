import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { ChangeOptions, SetChange } from '../../src/linux/change-elements.js';
import type { RangeColumns } from '../../src/linux/nf-tables/ranges.js';
import type { SetElements, SetName } from '../../src/linux/read-elements.js';
import { cleanUp } from './cleanup.js';
import type { Namespace } from './namespace.js';
import { programEnvironment, programPath } from './run.js';

const DRIVER = fileURLToPath(new URL('nf-tables-driver.mjs', import.meta.url));

/** What the driver throws in its namespace, thrown here. */
export class DriverError extends Error {
  readonly code: string | undefined;
  /** Its class there; `SystemError` for what is meant for the user. */
  readonly kind: string;

  constructor({ code, name, message }: { code?: string; name: string; message: string }) {
    super(message);
    this.code = code;
    this.kind = name;
  }
}

/** `src/linux` as it works in a namespace of a test; see `nf-tables-driver.mjs`. */
export class Driver {
  readonly #lines: AsyncIterator<string>;
  readonly #input: NodeJS.WritableStream;
  /** What the last call took inside, in milliseconds. */
  lastMs = NaN;

  private constructor(lines: AsyncIterator<string>, input: NodeJS.WritableStream) {
    this.#lines = lines;
    this.#input = input;
  }

  /** @param wrapper a program and its arguments that start another, such as `setpriv …` */
  static async start(network: Namespace, wrapper: readonly string[] = []): Promise<Driver> {
    const args = ['netns', 'exec', network.name, ...wrapper, process.execPath, DRIVER];
    const child = spawn(programPath('ip'), args, {
      env: programEnvironment(),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child, 'spawn');
    cleanUp(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return new Driver(lines, child.stdin);
  }

  async change(changes: readonly SetChange[], options: ChangeOptions = {}): Promise<void> {
    const change = changes.map(({ add, remove, ...rest }) => ({
      ...rest,
      ...(add && { add: { ...add, ...plain(add) } }),
      ...(remove && { remove: plain(remove) }),
    }));
    await this.#ask({ change, options });
  }

  async read(name: SetName): Promise<SetElements> {
    const { table, set, words, family = 'inet' } = name;
    const value = (await this.#ask({ read: { table, set, words, family } })) as SetElements;
    return {
      ...value,
      firsts: Uint32Array.from(value.firsts),
      lasts: Uint32Array.from(value.lasts),
      details: new Map(value.details),
    };
  }

  async generation(): Promise<number> {
    return (await this.#ask({ generation: true })) as number;
  }

  available(): Promise<unknown> {
    return this.#ask({ available: true });
  }

  async #ask(question: object): Promise<unknown> {
    this.#input.write(`${JSON.stringify(question)}\n`);
    const { value: line, done } = await this.#lines.next();
    if (done === true) throw new Error('the driver ended');
    const { value, error, ms } = JSON.parse(line) as {
      value?: unknown;
      error?: { code?: string; name: string; message: string };
      ms: number;
    };
    this.lastMs = ms;
    if (error !== undefined) throw new DriverError(error);
    return value;
  }
}

function plain({ firsts, lasts }: RangeColumns): { firsts: number[]; lasts: number[] } {
  return { firsts: [...firsts], lasts: [...lasts] };
}
