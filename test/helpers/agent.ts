import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { cleanUp } from './cleanup.js';
import type { Namespace } from './namespace.js';
import { programEnvironment, programPath } from './run.js';

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/**
 * A Node script that runs inside a namespace for as long as the test, or file, and answers
 * requests: a line of JSON each way. So a hundred requests cost one start of Node.
 */
export class Agent {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;
  #stderr = '';

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    child.stdin.on('error', () => undefined); // it ended: `close` says so
    createInterface({ input: child.stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as Answer;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    child.on('close', () => {
      for (const [id, answer] of this.#waiting) {
        answer({ id, error: `the agent ended: ${this.#stderr}` });
      }
      this.#waiting.clear();
    });
  }

  /** Ends, by its process id, when the test or file ends. */
  static async start(
    namespace: Namespace,
    script: string,
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Agent> {
    const child = spawn(
      programPath('ip'),
      ['netns', 'exec', namespace.name, process.execPath, script, ...args],
      { env: programEnvironment(env), stdio: 'pipe' },
    );
    await once(child, 'spawn');
    const agent = new Agent(child);
    cleanUp(() => agent.kill());
    return agent;
  }

  /** @throws Error with what the agent threw */
  async ask<Result>(request: Readonly<Record<string, unknown>>): Promise<Result> {
    if (this.#hasEnded()) throw new Error(`the agent has ended: ${this.#stderr}`);
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = await new Promise<Answer>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result as Result;
  }

  /** SIGKILL; returns when it has ended. */
  async kill(): Promise<void> {
    if (this.#hasEnded()) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
