import type { Family } from '../ip/family.js';
import type { RangeSet } from '../ip/range-set.js';
import type { TimedRanges } from '../ip/timed-ranges.js';
import type { Plan } from '../policy/plan.js';

/** Names of backends, the best first: the order in which `auto` looks. */
export const BACKEND_NAMES = ['nftables', 'ipset', 'iptables'] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];

/** What differs in the addresses of one list. */
export interface ListDifference {
  readonly list: string;
  readonly family: Family;
  readonly wanted: RangeSet;
  readonly held: RangeSet;
  /** In the plan and not in the kernel. */
  readonly missing: RangeSet;
  /** In the kernel and not in the plan. */
  readonly surplus: RangeSet;
  /** Where addresses of the list have ends. */
  readonly timed?: TimedDifference;
}

/** What is wanted and held with the ends of each, of what has not ended. */
export interface TimedDifference {
  readonly wanted: TimedRanges;
  readonly held: TimedRanges;
  /** Held as wanted, and ends at another time. */
  readonly retimed: RangeSet;
  readonly sameEnd: SameEnd;
}

/**
 * Whether two ends, milliseconds since 1970, are the same. Who is not in the kernel, or not
 * wanted there, ended when it was looked.
 */
export type SameEnd = (wantedMs: number | undefined, heldMs: number | undefined) => boolean;

/** How the kernel differs from a plan. */
export interface Difference {
  /** Whether the kernel holds anything of ours. */
  readonly present: boolean;
  /** What differs in chains and rules, a line each; empty where nothing does. */
  readonly rules: readonly string[];
  /** Lists that differ. */
  readonly lists: readonly ListDifference[];
  /** Lists that are right and need their timers wound up again by an apply; no drift. */
  readonly renewals?: readonly ListDifference[];
  /**
   * What keeps our rules from judging anything, though they stand as they should, with what a
   * person can do, a line each: no apply mends it, since it is not ours alone.
   */
  readonly asleep?: readonly string[];
}

/** What was denied by a rule on account of a list (`outside` where an `only` rule denied). */
export interface DenyCount {
  readonly rule: string;
  readonly list: string;
  readonly packets: number;
  readonly bytes: number;
}

/** An address that was denied lately. */
export interface Hit {
  readonly rule: string;
  readonly list: string;
  readonly address: string;
  readonly packets: number;
  readonly bytes: number;
  /** Time since it was last seen, seconds; undefined where the backend does not know. */
  readonly idleSeconds: number | undefined;
}

/**
 * Something that enforces a plan. Nothing without our name on it is ever touched, and an apply
 * that fails leaves the kernel as it was.
 */
export interface Backend {
  readonly name: BackendName;
  /** Why it cannot be used on this host; undefined where it can. */
  findObstacle(): Promise<string | undefined>;
  /** Compares what the kernel holds with what it should, address for address, rules included. */
  compare(plan: Plan): Promise<Difference>;
  /**
   * Makes the kernel hold the plan. Writes nothing where nothing differs; a changed list
   * replaces only its own set, and counters and hits stay.
   *
   * @param difference what `compare` told just before
   * @param prepareBoot may be called once, with what `bootFiles` would give afterwards, while the
   *   kernel is still at work: it must not matter where the apply fails in the end
   */
  apply(
    plan: Plan,
    difference: Difference,
    prepareBoot?: (files: ReadonlyMap<string, string>) => void,
  ): Promise<void>;
  /**
   * Files by which the kernel can be given this plan again without Node.js, at boot or by a
   * roll-back; asked for after an apply of the plan.
   */
  bootFiles(plan: Plan): Promise<ReadonlyMap<string, string>>;
  /** Loads what `bootFiles` made, from a folder. @throws SystemError; the kernel is unchanged then */
  loadBoot(folder: string): Promise<void>;
  /** Takes away everything of ours. */
  flush(): Promise<void>;
  /** A hash of the rules in the kernel, where it takes no time; elements of lists do not matter. */
  sealRules?(): string | undefined;
  countDenied(): Promise<DenyCount[]>;
  listHits(): Promise<Hit[]>;
}
