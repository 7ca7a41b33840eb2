import { messageOf } from '../util/errors.js';
import { findProgram } from '../util/programs.js';
import type { Report } from '../util/report.js';
import { runProgram } from '../util/run-program.js';
import { nativeObstacle } from './native.js';
import { UnixDatagrams } from './unix-datagram.js';

/**
 * Tells systemd how the service is (sd_notify(3), `Type=notify` and `Type=notify-reload`); does
 * nothing where it was not started by systemd.
 */
export class ServiceState {
  readonly #socket: UnixDatagrams | undefined;
  readonly #report: Report;
  readonly #watchdogMs: number | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #hasFailed = false;

  constructor(environment: NodeJS.ProcessEnv, report: Report) {
    const path = environment['NOTIFY_SOCKET'] || undefined;
    this.#socket = path === undefined ? undefined : new UnixDatagrams(path);
    this.#report = report;
    this.#watchdogMs = watchdogMs(environment);
  }

  /** For a process that changes its root folder: systemd is not looked up again. */
  hold(): void {
    try {
      this.#socket?.connect();
    } catch (error) {
      this.#cannotTell(error);
    }
  }

  /** From here on systemd hears twice in its interval that the event loop turns (WatchdogSec=). */
  ready(status: string): Promise<void> {
    if (this.#watchdogMs !== undefined) {
      this.#watchdog ??= setInterval(() => void this.#tell(['WATCHDOG=1']), this.#watchdogMs / 2);
      this.#watchdog.unref();
    }
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

  /** Ends what `ready` began; for a process that lives on. */
  close(): void {
    clearInterval(this.#watchdog);
  }

  /** A service manager that does not listen is told of once, and stops nothing. */
  async #tell(words: readonly string[]): Promise<void> {
    if (this.#socket === undefined) return;
    const lines = words.map((word) => word.replaceAll('\n', ' '));
    try {
      if (nativeObstacle() === undefined) this.#socket.send(lines.join('\n'));
      else if (findProgram('systemd-notify') !== undefined) {
        // a program of its own: systemd hears it with NotifyAccess=all only
        await runProgram('systemd-notify', lines, { origin: 'systemd', timeoutMs: 500 });
      } else throw new Error('neither koffi nor the program systemd-notify is there');
    } catch (error) {
      this.#cannotTell(error);
    }
  }

  #cannotTell(error: unknown): void {
    if (!this.#hasFailed) {
      this.#report('warning', `systemd cannot be told of the service: ${messageOf(error)}`);
    }
    this.#hasFailed = true;
  }
}

/** What sd_watchdog_enabled(3) would tell; undefined where nobody watches. */
function watchdogMs(environment: NodeJS.ProcessEnv): number | undefined {
  const { WATCHDOG_USEC: interval, WATCHDOG_PID: pid } = environment;
  if (interval === undefined || !/^[1-9]\d{0,15}$/.test(interval)) return undefined;
  if (pid !== undefined && pid !== String(process.pid)) return undefined;
  return Number(interval) / 1000;
}
