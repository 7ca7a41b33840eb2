import { EXIT, type ExitCode } from '../../util/errors.js';
import { counterLines } from './counters.js';
import type { MilterInput } from './loader/loaded-lists.js';
import type { Report } from './server/report.js';
import type { MilterServer } from './server/server.js';

/** Whoever is told how the service is, such as systemd. */
export interface ServiceListener {
  ready(status: string): Promise<void>;
  reloading(): Promise<void>;
  stopping(): Promise<void>;
}

export interface MilterForeground {
  readonly server: MilterServer;
  /** Reads the configuration anew. @throws KnownError where it cannot be read */
  readonly readInput: () => MilterInput;
  readonly report: Report;
  readonly state: ServiceListener;
  /** Called when it listens. */
  readonly onReady?: () => Promise<void>;
}

/**
 * Runs the milter until SIGTERM or SIGINT. SIGHUP reads the configuration anew; SIGUSR1 logs what
 * was counted.
 *
 * @returns exit code 0 once it was told to end
 * @throws what {@link MilterServer.start} throws
 */
export async function runMilter(options: MilterForeground): Promise<ExitCode> {
  const { report, server, state } = options;
  let end: () => void = () => undefined;
  const ending = new Promise<void>((resolve) => (end = resolve));
  let isServing = false;
  const reload = async (): Promise<void> => {
    if (!isServing) return; // the first load is under way
    await state.reloading();
    let isNew = false;
    try {
      isNew = await server.reload(options.readInput());
    } catch (error) {
      report('error', `${(error as Error).message}; the old configuration stays`);
    }
    await state.ready(isNew ? 'loaded again' : 'the old configuration counts: see the log');
    if (isNew) report('info', 'loaded again');
  };
  const handlers: Readonly<Partial<Record<NodeJS.Signals, () => void>>> = {
    SIGTERM: () => {
      end();
    },
    SIGINT: () => {
      end();
    },
    SIGHUP: () => void reload(),
    SIGUSR1: () => {
      for (const line of counterLines(server.snapshot().counters)) report('info', line);
    },
  };
  for (const [name, handler] of Object.entries(handlers)) process.on(name, handler);
  try {
    await server.start();
    await options.onReady?.();
    isServing = true;
    const status = `listening on ${server.listen.join(', ')}`;
    report('info', status);
    await state.ready(status);
    await ending;
    await state.stopping();
    return EXIT.done;
  } finally {
    await server.stop();
    for (const [name, handler] of Object.entries(handlers)) process.off(name, handler);
  }
}
