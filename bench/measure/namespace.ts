import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

import type { Command } from './processes.js';

/** Why no network namespace can be made here; undefined where one can. */
export function namespaceObstacle(): string | undefined {
  for (const program of ['ip', 'nsenter', 'unshare']) {
    const { error } = spawnSync(program, ['--version'], { stdio: 'ignore' });
    if (error) return `needs ${program}, for a network namespace of its own`;
  }
  return spawnSync('unshare', ['--net', 'true'], { stdio: 'ignore' }).status === 0
    ? undefined
    : 'needs root and the right to make network namespaces';
}

/** Network namespaces with empty rulesets, one for each run; the machine's own stays untouched. */
export class Namespaces {
  readonly #names: string[] = [];

  /** @returns the name of a new one */
  make(): string {
    const name = `sekisho-bench-${process.pid}-${randomBytes(4).toString('hex')}`;
    execFileSync('ip', ['netns', 'add', name]);
    this.#names.push(name);
    return name;
  }

  /** The command as it runs inside: one more execve, on both sides of a comparison. */
  inside(name: string, { program, args, ...rest }: Command): Command {
    return { program: 'nsenter', args: [`--net=/run/netns/${name}`, program, ...args], ...rest };
  }

  /** Frees the namespaces made here; at the end, since the kernel does it in the background. */
  removeAll(): void {
    for (const name of this.#names.splice(0)) execFileSync('ip', ['netns', 'delete', name]);
  }
}
