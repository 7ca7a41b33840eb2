import { type ChildProcess, fork } from 'node:child_process';

import type { Voice } from '../jobs/voice.js';
import { messageOf } from '../util/errors.js';
import { builtFile } from '../util/program-path.js';
import type { ConfigText } from './configuration.js';
import type { Job, JobMessage, JobRequest, JobResult } from './job-messages.js';

const PROCESS = builtFile('daemon/job-process.js');
/** Of the service, not of a job: sd_notify(3). */
const NOT_FOR_JOBS = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'NODE_CHANNEL_FD'];
/** A job that takes longer hangs. */
const LONGEST_MS: Readonly<Record<Job['kind'], number>> = {
  update: 2 * 3_600_000,
  tend: 10 * 60_000,
  feeds: 3_600_000,
};

/** Runs jobs, one at a time, each in a process of its own. */
export class JobRunner {
  #child: ChildProcess | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #isStopping = false;

  /** Runs a job when those before it have ended. Never rejects: a failure is a result. */
  run(job: Job, config: ConfigText, voice: Voice): Promise<JobResult> {
    const done = this.#queue.then(() => this.#start({ job, ...config }, voice));
    this.#queue = done;
    return done;
  }

  /** Tells the job that is under way to stop, and waits until it has; those that wait never begin. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#child?.kill('SIGTERM');
    await this.#queue;
  }

  #start(request: JobRequest, voice: Voice): Promise<JobResult> {
    if (this.#isStopping) return Promise.resolve({ kind: 'skipped' });
    return new Promise((resolve) => {
      const env = Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !NOT_FOR_JOBS.includes(name)),
      );
      const child = fork(PROCESS, {
        env,
        execArgv: [],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      this.#child = child;
      const { kind } = request.job;
      const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS[kind]);
      let result: JobResult | undefined;
      let complaint = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        complaint = (complaint + text).slice(-4000);
      });
      child.on('message', (message: JobMessage) => {
        if ('result' in message) result = message.result;
        else voice[message.say](message.text);
      });
      child.on('error', (error) => (complaint ||= messageOf(error)));
      child.on('close', (code, signal) => {
        clearTimeout(timer);
        this.#child = undefined;
        const end = `its process ended with ${signal ?? code ?? 'nothing'} ${complaint}`.trim();
        resolve(result ?? { kind: 'failed', message: end, isDefect: !this.#isStopping });
      });
      child.send(request, (error) => {
        if (error !== null) complaint ||= messageOf(error);
      });
    });
  }
}
