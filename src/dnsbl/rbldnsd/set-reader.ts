import type { AddressLayer, NameLayer } from '../zone/zone-source.js';
import type { AnswerTable } from './answers.js';
import type { Line } from './line.js';
import type { Warnings } from './warnings.js';

/** What rbldnsd's command line says about reading, and the clock. */
export interface ReadSettings {
  /** `-e`: prefixes with host bits set are taken, the bits left out. */
  readonly acceptHostBits: boolean;
  /** `-t default:minimum:maximum`; 0 for no minimum or maximum. */
  readonly defaultTtlSeconds: number;
  readonly minimumTtlSeconds: number;
  readonly maximumTtlSeconds: number;
  /** Now, for `$TIMESTAMP`; milliseconds since 1970. */
  readonly nowMs: number;
}

/** rbldnsd's defaults. */
export const READ_DEFAULTS = {
  acceptHostBits: false,
  defaultTtlSeconds: 35 * 60,
  minimumTtlSeconds: 0,
  maximumTtlSeconds: 0,
} as const;

/** What special entries change while a dataset, or a part of a combined one, is read. */
export interface Scope {
  ttlSeconds: number;
  /** `$0` to `$9` and `$=` by their character. */
  readonly substitutions: Record<string, string | undefined>;
}

/** What holds for all files of a dataset, and for all parts of a combined one. */
export interface ReadContext {
  readonly settings: ReadSettings;
  readonly warnings: Warnings;
  /** Largest number of addresses of an IPv4 entry (`$MAXRANGE4`); 0 for any. */
  maxRange4: number;
  /** Entries taken, and lines refused. */
  entries: number;
  refused: number;
}

export interface Layers {
  readonly addresses: readonly AddressLayer[];
  readonly names: readonly NameLayer[];
}

/** Reads the entries of one type of dataset. */
export interface SetReader {
  startFile(name: string): void;
  /** A line that is neither empty nor a comment nor a special entry. */
  readLine(line: Line): void;
  /** Lines that are one IPv4 address each and nothing else; the memory is used again. */
  readAddresses?(addresses: Uint32Array): void;
  /** After the last line; answers are added to `answers`, which layers refer to. */
  finish(answers: AnswerTable): Layers;
}

/** Refuses a line; the rest of the file serves. */
export function refuse(context: ReadContext, line: Line, expected: string): void {
  context.refused++;
  context.warnings.add(line, expected);
}

/** `seconds`, or the default for 0, within the bounds of `-t`. */
export function boundedTtl(seconds: number, fallback: number, settings: ReadSettings): number {
  const { minimumTtlSeconds: low, maximumTtlSeconds: high } = settings;
  if (seconds === 0) return fallback;
  if (low !== 0 && seconds < low) return low;
  return high !== 0 && seconds > high ? high : seconds;
}

/**
 * Checks an IPv4 entry from `line.first` to `line.last`: host bits (taken away with `-e`) and
 * `$MAXRANGE4`. A refused line has been told of.
 */
export function isAllowed4(context: ReadContext, line: Line, hostMask: number): boolean {
  const host = line.first & hostMask;
  if (host !== 0) {
    if (!context.settings.acceptHostBits) {
      refuse(context, line, 'no host bits set below the prefix length (-e allows them)');
      return false;
    }
    line.first = (line.first & ~hostMask) >>> 0;
  }
  const { maxRange4 } = context;
  if (maxRange4 !== 0 && maxRange4 <= line.last - line.first) {
    refuse(context, line, `a range of at most ${maxRange4} addresses ($MAXRANGE4)`);
    return false;
  }
  return true;
}
