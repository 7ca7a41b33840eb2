import { type RecordColumns, isDelegated } from './records.js';
import type { Fault, StatisticsFile } from './scan.js';

/** A statistics file that is whole and plausible in itself. */
export interface WholeFile extends StatisticsFile {
  readonly header: NonNullable<StatisticsFile['header']>;
}

/** The first reason why a file is not whole. */
export type Damage = Fault;

/**
 * Judges a file by itself: right header, every line readable, last line complete, ipv4 and
 * ipv6 summary counts equal to the records, some of them delegated. The asn summary and the header's total are wrong
 * in files that LACNIC published so, and prove nothing.
 *
 * @param registries the names that a header may carry
 */
export function findDamage(
  file: StatisticsFile,
  registries: readonly string[],
): Damage | undefined {
  const { header, summaries, counts } = file;
  const first = file.faults[0];
  if (header === undefined) {
    return first ?? { line: 0, found: 'an empty file', expected: 'a statistics file' };
  }
  if (!registries.includes(header.registry)) {
    const expected = `one of ${registries.join(', ')} in the header`;
    const hint = header.registry === 'iana' ? " (IANA's file names no countries)" : '';
    return { line: 0, found: `registry ${JSON.stringify(header.registry)}${hint}`, expected };
  }
  if (!file.endsWithNewline) {
    return { line: 0, found: 'a last line without its end', expected: 'a whole file' };
  }
  if (first !== undefined) {
    if (file.faultCount === 1) return first;
    return { ...first, found: `${first.found} (the first of ${file.faultCount} bad lines)` };
  }
  for (const type of ['ipv4', 'ipv6'] as const) {
    const promised = summaries[type];
    if (promised === undefined) {
      return { line: 0, found: `no ${type} summary line`, expected: 'one for each type' };
    }
    if (promised !== counts[type]) {
      return {
        line: 0,
        found: `${counts[type]} ${type} records`,
        expected: `${promised}, which the summary line promises`,
      };
    }
  }
  if (counts.ipv4 + counts.ipv6 === 0) {
    return { line: 0, found: 'no address records', expected: 'some' };
  }
  if (![file.ipv4, file.ipv6].some(holdsDelegated)) {
    return { line: 0, found: 'no allocated or assigned address record', expected: 'some' };
  }
  return undefined;
}

function holdsDelegated({ statuses, length }: RecordColumns): boolean {
  return statuses.subarray(0, length).some(isDelegated);
}

/** Narrows a file that `findDamage` found whole. */
export function isWhole(file: StatisticsFile, registries: readonly string[]): file is WholeFile {
  return findDamage(file, registries) === undefined;
}

/** One line that tells damage: `FILE:LINE: found …; expected …`. */
export function damageText(name: string, damage: Damage): string {
  const place = damage.line > 0 ? `${name}:${damage.line}` : name;
  return `${place}: found ${damage.found}; expected ${damage.expected}`;
}
