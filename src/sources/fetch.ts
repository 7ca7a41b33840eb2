import type { RegistryName } from '../config/registry-names.js';
import { EXIT, type ExitCode } from '../util/errors.js';
import { makeDispatcher } from './download/dispatcher.js';
import { DEFAULT_LIMITS, type DownloadLimits } from './download/options.js';
import { type FetchContext, type RegistryOutcome, fetchRegistry } from './fetch-registry.js';
import { Predecessors } from './predecessors.js';
import type { Registry } from './registries.js';
import { prepareStore } from './store.js';

export type { Outcome, RegistryOutcome } from './fetch-registry.js';

/** Told what happens while it happens; what is shown, and where, is the caller's business. */
export interface FetchProgress {
  /** Bytes over the wire of the file under way; starts again from a small number with each try. */
  bytes(registry: RegistryName, received: number, total: number | undefined): void;
  done(outcome: RegistryOutcome): void;
}

export interface FetchOptions {
  /** The state folder; made where it is missing. The caller holds its lock. */
  readonly state: string;
  /** What to fetch, and from where. */
  readonly registries: readonly Registry[];
  /** Codes of the countries in use: only their addresses are compared. */
  readonly countries: ReadonlySet<string>;
  /** Largest share of a country's addresses that may go; default 0.1. */
  readonly fall?: number;
  /** Largest share that may come; default 0.25. */
  readonly rise?: number;
  /** Registries whose next file is taken without a look at its predecessor. */
  readonly accept?: ReadonlySet<RegistryName>;
  readonly limits?: Partial<DownloadLimits>;
  /** `product/version`. */
  readonly userAgent: string;
  /** Where proxy variables are looked for; default this process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly progress?: FetchProgress;
  /** Stops what is under way; files that are stored already stay. */
  readonly signal?: AbortSignal;
}

export interface FetchReport {
  /** In the order of `registries`. */
  readonly outcomes: readonly RegistryOutcome[];
  /** Registries that a last good file is there for after the run, asked for or not. */
  readonly available: ReadonlySet<RegistryName>;
}

/**
 * Downloads what changed, all registries at once, and puts what is trusted in the place of the
 * last good files. A registry that fails does not stop the others: its outcome says so.
 *
 * @throws SystemError where the state folder cannot be used, UsageError where a proxy variable
 *   is no URL
 */
export async function fetchRegistries(options: FetchOptions): Promise<FetchReport> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const dispatcher = makeDispatcher(limits, options.environment);
  try {
    prepareStore(options.state);
    const context: FetchContext = {
      state: options.state,
      client: { dispatcher, limits, userAgent: options.userAgent, signal: options.signal },
      predecessors: new Predecessors(options.state),
      trust: {
        countries: options.countries,
        fall: options.fall ?? 0.1,
        rise: options.rise ?? 0.25,
      },
      accept: options.accept ?? new Set(),
      onBytes: (registry, received, total) => options.progress?.bytes(registry, received, total),
    };
    const settled = await Promise.allSettled(
      options.registries.map(async (registry) => {
        const outcome = await fetchRegistry(registry, context);
        options.progress?.done(outcome);
        return outcome;
      }),
    );
    const outcomes = settled.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
    const updated = outcomes.filter((each) => each.outcome === 'updated');
    const available = new Set([
      ...context.predecessors.registries(),
      ...updated.map((each) => each.registry),
    ]);
    return { outcomes, available };
  } finally {
    await dispatcher.destroy();
  }
}

/**
 * 0 where every registry is up to date; 3 where some are not and there are files to work with,
 * old ones or those of others; 1 where there is none.
 */
export function exitCodeOf({ outcomes, available }: FetchReport): ExitCode {
  if (outcomes.every(isFine)) return EXIT.done;
  return available.size > 0 ? EXIT.partial : EXIT.failed;
}

/**
 * What a person has to know, a line for each registry that failed, and one line in all where
 * none could be reached.
 */
export function faultLines({ outcomes, available }: FetchReport): string[] {
  const faults = outcomes.filter((outcome) => !isFine(outcome));
  const first = faults[0];
  if (first && outcomes.length > 1 && outcomes.every((each) => each.outcome === 'unreachable')) {
    const rest =
      available.size > 0 ? 'the last good files stay' : 'there are no files to work with';
    return [`no registry could be reached (${first.registry}: ${first.message}); ${rest}`];
  }
  return faults.map(({ registry, outcome, message, oldSerial }) => {
    const rest =
      oldSerial === undefined ? 'there is no older file' : `the file of ${oldSerial} stays`;
    return `${registry} ${outcome}: ${message}; ${rest}`;
  });
}

function isFine({ outcome }: RegistryOutcome): boolean {
  return outcome === 'updated' || outcome === 'unchanged';
}
