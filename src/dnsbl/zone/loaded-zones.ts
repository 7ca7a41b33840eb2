import type { GlobalAccess } from '../index/compile.js';
import type { ZoneSource } from './zone-source.js';

/** What a loader made of its files: data that can be posted to another thread. */
export interface LoadedZones {
  /** A zone that could not be made has `failed`; whoever has its last good content keeps that. */
  readonly zones: readonly ZoneSource[];
  readonly access?: GlobalAccess;
  /** What `version.bind` and `version.server` of the class CHAOS are; REFUSED where left out. */
  readonly version?: string;
  /** For the log: what somebody has to mend before the zones that failed can be made. */
  readonly errors?: readonly string[];
  /** For the log. */
  readonly warnings: readonly string[];
  /** Files and folders whose change asks for another load. */
  readonly watch: readonly string[];
  /** When a listing runs out, so that the zones change without a file; milliseconds since 1970. */
  readonly nextChangeAtMs?: number;
  /** From when on the data is older than its owner wants: a warning, once. */
  readonly staleAtMs?: number;
}
