import { ServiceState } from '../../linux/service-state.js';
import { EXIT, type ExitCode, faultOf } from '../../util/errors.js';
import { type ListenAddress, formatListen } from './listen.js';
import { DnsServer, type ServerSettings } from './server.js';
import { type StatisticsSnapshot, statisticsLines } from './statistics.js';
import type { Generation, Report } from './transport.js';

export interface ForegroundOptions {
  readonly settings: Omit<ServerSettings, 'report' | 'onServing'>;
  readonly environment?: NodeJS.ProcessEnv;
  /** To standard error where left out. */
  readonly report?: Report;
  /** Given the server before it starts. */
  readonly onServer?: (server: DnsServer) => void;
  /** Called with the zones that are answered from, each time that there are new ones. */
  readonly onServing?: (generation: Generation) => void;
  /** Given what was counted, before it is reported: as asked for, before a new count, or at the end. */
  readonly onStatistics?: (snapshot: StatisticsSnapshot, why: 'asked' | 'reset' | 'end') => void;
  /** Called once, when queries are answered. */
  readonly onReady?: () => void;
  /**
   * Called at SIGHUP: what the loader is given from then on, or undefined for what it has. Where
   * it throws, its error is reported and nothing is loaded.
   */
  readonly onReload?: () => unknown;
}

/**
 * Runs a server until SIGTERM or SIGINT. SIGHUP loads the zones again and opens the query log
 * anew; SIGUSR1 reports statistics, SIGUSR2 does and begins to count anew (all as rbldnsd does).
 *
 * @returns exit code 0 once it was told to end, also while it still started; 1 where it lost a
 *   thread that it cannot replace
 * @throws what {@link DnsServer.start} throws
 */
export async function runForeground(options: ForegroundOptions): Promise<ExitCode> {
  const { settings, environment = process.env, report = toStandardError } = options;
  const state = new ServiceState(environment, report);
  const server = new DnsServer({
    ...settings,
    report,
    onLost: (reason) => {
      const advice = 'it is to be started again, since a root folder of its own has no other';
      report('error', `${reason}: ${advice}`);
      exitCode = EXIT.failed;
      end('end');
    },
    onServing: (generation) => {
      options.onServing?.(generation);
      const status = statusText(settings.listen, generation);
      report('info', status);
      void state.status(status);
    },
  });
  options.onServer?.(server);
  if (settings.root !== undefined) state.hold();
  let end: (word: 'end') => void = () => undefined;
  const ending = new Promise<'end'>((resolve) => (end = resolve));
  let exitCode: ExitCode = EXIT.done;
  let isServing = false;
  const reload = async (): Promise<void> => {
    if (!isServing) return; // the first load is under way
    server.reopenLog();
    await state.reloading();
    let isNew = false;
    try {
      isNew = await server.reload(options.onReload?.());
    } catch (error) {
      report('error', `the old configuration is kept: ${faultOf(error)}`);
    }
    await state.ready(isNew ? 'loaded again' : 'the old zones are served: see the log');
  };
  const statistics = (why: 'asked' | 'reset' | 'end'): void => {
    options.onStatistics?.(server.statistics(), why);
    for (const line of statisticsLines(server.statistics(), Date.now())) report('info', line);
  };
  const handlers: Readonly<Partial<Record<NodeJS.Signals, () => void>>> = {
    SIGTERM: () => {
      end('end');
    },
    SIGINT: () => {
      end('end');
    },
    SIGHUP: () => void reload(),
    SIGUSR1: () => {
      statistics('asked');
    },
    SIGUSR2: () => {
      statistics('reset');
      server.resetStatistics();
    },
  };
  for (const [name, handler] of Object.entries(handlers)) process.on(name, handler);
  try {
    const started = server.start();
    const first = await Promise.race([started, ending]);
    if (first !== 'end') {
      isServing = true;
      await state.ready(`answering on ${settings.listen.map(formatListen).join(', ')}`);
      options.onReady?.();
      await ending;
    }
    await state.stopping();
    if (options.onStatistics) statistics('end');
    await server.stop();
    // it was told to end in the middle of its start
    if (first === 'end') await started.catch(() => undefined);
    return exitCode;
  } finally {
    state.close();
    for (const [name, handler] of Object.entries(handlers)) process.off(name, handler);
  }
}

function statusText(listen: readonly ListenAddress[], { compiled }: Generation): string {
  const open = compiled.zones.filter(({ state }) => state !== 'closed');
  const failed = open.filter(({ state }) => state === 'failed').length;
  const places = listen.map(formatListen).join(', ');
  const zones = `${open.length} ${open.length === 1 ? 'zone' : 'zones'}`;
  return `answering for ${zones}${failed > 0 ? `, ${failed} without content,` : ''} on ${places}`;
}

const toStandardError: Report = (_, text) => {
  for (const line of text.split('\n')) process.stderr.write(`sekisho: ${line}\n`);
};
