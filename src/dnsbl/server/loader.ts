import type { CompiledZones } from '../index/compile.js';
import type { TellableError } from '../../util/thread-error.js';
import type { LoadedZones } from '../zone/loaded-zones.js';

/**
 * Of reloads. Threads that answer have three times the claim to a processor that is fully taken,
 * which leaves a reload enough of it: a million addresses are there within a second all the same.
 */
export const RELOAD_NICE = 5;

/** Where zones come from: a module that is imported in a thread of its own. */
export interface LoaderSpec {
  /** URL of a module that exports `load`, a {@link LoadZones}. */
  readonly module: string;
  /** Given to `load` until there is another one; anything that can be cloned. */
  readonly input: unknown;
}

/**
 * Reads zones. A zone that cannot be read comes with `failed`, and then goes on with its last good
 * content; a throw keeps all of them.
 */
export type LoadZones = (input: unknown) => LoadedZones | Promise<LoadedZones>;

/** What the loader's thread sends. */
export interface LoadedMessage {
  readonly compiled: CompiledZones;
  /** What somebody has to mend before zones can be loaded that are not. */
  readonly errors: readonly string[];
  /** One line for each zone that could not be loaded, and for each warning. */
  readonly warnings: readonly string[];
  readonly watch: readonly string[];
  readonly nextChangeAtMs: number | undefined;
  readonly staleAtMs: number | undefined;
  /** Zones of this load that have something to answer from. */
  readonly ready: number;
  /** Names of zones that have nothing to answer from. */
  readonly failed: readonly string[];
}

export type LoaderReply =
  /** Said once, unasked: all that loads need is in memory. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'loaded'; readonly id: number; readonly loaded: LoadedMessage }
  | ({ readonly kind: 'refused'; readonly id: number } & TellableError);

export interface LoaderRequest {
  readonly id: number;
  readonly input: unknown;
  /** Queries are answered meanwhile, and go first. */
  readonly isReload: boolean;
}
