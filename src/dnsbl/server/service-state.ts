import { nativeObstacle } from '../../linux/native.js';
import { sendUnixDatagram } from '../../linux/unix-datagram.js';
import { messageOf } from '../../util/errors.js';
import { findProgram } from '../../util/programs.js';
import { runProgram } from '../../util/run-program.js';
import type { Report } from './transport.js';

/**
 * Tells systemd how the service is (sd_notify(3), `Type=notify` and `Type=notify-reload`); does
 * nothing where it was not started by systemd.
 */
export class ServiceState {
  readonly #socket: string | undefined;
  readonly #report: Report;
  #hasFailed = false;

  constructor(environment: NodeJS.ProcessEnv, report: Report) {
    this.#socket = environment['NOTIFY_SOCKET'] || undefined;
    this.#report = report;
  }

  ready(status: string): Promise<void> {
    return this.#tell(['READY=1', `STATUS=${status}`]);
  }

  status(status: string): Promise<void> {
    return this.#tell([`STATUS=${status}`]);
  }

  reloading(): Promise<void> {
    const microseconds = process.hrtime.bigint() / 1000n;
    return this.#tell(['RELOADING=1', `MONOTONIC_USEC=${microseconds}`, 'STATUS=reloading']);
  }

  stopping(): Promise<void> {
    return this.#tell(['STOPPING=1', 'STATUS=stopping']);
  }

  /** A service manager that does not listen is told of once, and stops nothing. */
  async #tell(words: readonly string[]): Promise<void> {
    if (this.#socket === undefined) return;
    const lines = words.map((word) => word.replaceAll('\n', ' '));
    try {
      if (nativeObstacle() === undefined) sendUnixDatagram(this.#socket, lines.join('\n'));
      else if (findProgram('systemd-notify') !== undefined) {
        // a program of its own: systemd hears it with NotifyAccess=all only
        await runProgram('systemd-notify', lines, { origin: 'systemd', timeoutMs: 500 });
      } else throw new Error('neither koffi nor the program systemd-notify is there');
    } catch (error) {
      if (!this.#hasFailed) {
        this.#report('warning', `systemd cannot be told of the service: ${messageOf(error)}`);
      }
      this.#hasFailed = true;
    }
  }
}
