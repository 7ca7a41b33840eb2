import { randomBytes } from 'node:crypto';
import { cleanUp } from './cleanup.js';
import { programPath, run, type RunOptions, type RunResult } from './run.js';
import { startServer, type Server, type ServerOptions } from './server.js';

let count = 0;

/**
 * A network of the test's own: loopback, every port, and a firewall that is empty
 * and shared with nobody. The machine's own rules are out of reach from inside.
 */
export class Namespace {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  /** Makes one with loopback up; removed when the test or file ends. Needs root. */
  static async create(): Promise<Namespace> {
    count += 1;
    const unique = `${process.pid}-${count}-${randomBytes(3).toString('hex')}`;
    const namespace = new Namespace(`sekisho-test-${unique}`);
    await ip('netns', 'add', namespace.name);
    cleanUp(() => ip('netns', 'delete', namespace.name));
    await ip('-n', namespace.name, 'link', 'set', 'lo', 'up');
    return namespace;
  }

  /** The same as {@link run}, inside. */
  run(program: string, args: readonly string[] = [], options?: RunOptions): Promise<RunResult> {
    return run('ip', this.inside(program, args), options);
  }

  /** The same as {@link startServer}, inside; let the probe use {@link Namespace.run}. */
  start(program: string, args: readonly string[], options: ServerOptions): Promise<Server> {
    return startServer('ip', this.inside(program, args), options);
  }

  /** Gives loopback more addresses, so that packets can come from them. */
  async addAddresses(addresses: readonly string[]): Promise<void> {
    for (const address of addresses) {
      const words = ['-n', this.name, 'addr', 'add', address, 'dev', 'lo'];
      // without nodad an IPv6 address cannot be used for its first second
      await ip(...words, ...(address.includes(':') ? ['nodad'] : []));
    }
  }

  /** Ends what still runs inside, such as a server that went into the background. */
  async endProcesses(): Promise<void> {
    const { stdout } = await run('ip', ['netns', 'pids', this.name]);
    for (const id of stdout.split('\n').filter(Boolean)) process.kill(Number(id));
  }

  /** `ip netns exec` becomes the program, so its process id is the program's. */
  private inside(program: string, args: readonly string[]): string[] {
    return ['netns', 'exec', this.name, programPath(program), ...args];
  }
}

async function ip(...args: string[]): Promise<void> {
  const { code, stderr } = await run('ip', args);
  if (code !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
}
