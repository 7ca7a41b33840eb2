import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { PROGRAM } from '../paths.js';

export const ZONE = 'bl.bench';
const COUNTRIES = ['KR', 'CN', 'TW', 'HK'];

/** A file of type `combined` that both servers read, and questions about it, half of them listed. */
export interface ZoneInputs {
  readonly zoneFile: string;
  /** Files for dnsperf, one question a line. */
  readonly questions: Readonly<Record<QuestionKind, string>>;
  readonly listed: readonly string[];
  readonly ranges: number;
}

export type QuestionKind = 'A' | 'TXT' | 'IPv6';

const QUESTIONS = 100_000;

/** The same numbers in every run. */
class Sequence {
  #state = 0x2545f491;

  next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state;
  }

  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit);
  }
}

/** Exports Korea, China, Taiwan and Hong Kong as one zone file for rbldnsd. */
export function writeZoneInputs(folder: string, paths: readonly string[]): ZoneInputs {
  const list = ['--country', ...COUNTRIES];
  const zoneFile = join(folder, 'zone');
  const from = ['--from', ...paths];
  const asFormat = (format: string): string =>
    execFileSync(process.execPath, [PROGRAM, 'export', ...list, '--format', format, ...from], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      cwd: folder,
    });
  const head = `$SOA 3600 ns.${ZONE} root.${ZONE} 1 1h 10m 7d 1m\n$NS 3600 ns.${ZONE}\n`;
  writeFileSync(zoneFile, head + asFormat('rbldnsd'));
  const ranges = asFormat('ranges')
    .split('\n')
    .filter((line) => /^[0-9a-f]/.test(line));
  const ipv4 = ranges.filter((line) => !line.includes(':'));
  const ipv6 = ranges.filter((line) => line.includes(':'));
  const sequence = new Sequence();
  const names4 = half(ipv4, sequence, name4, () => reversed4(sequence.next()));
  const names6 = half(ipv6, sequence, name6, () =>
    name6(`3fff:${sequence.below(65_536).toString(16)}::`, sequence),
  );
  const write = (kind: QuestionKind, names: readonly string[], type: string): string => {
    const path = join(folder, `questions-${kind}`);
    writeFileSync(path, names.map((name) => `${name}.${ZONE} ${type}\n`).join(''));
    return path;
  };
  return {
    zoneFile,
    ranges: ranges.length,
    listed: names4.filter((_, k) => k % 2 === 0),
    questions: {
      A: write('A', names4, 'A'),
      TXT: write('TXT', names4, 'TXT'),
      IPv6: write('IPv6', names6, 'A'),
    },
  };
}

/** Names of listed addresses and others in turn. */
function half(
  ranges: readonly string[],
  sequence: Sequence,
  listed: (range: string, sequence: Sequence) => string,
  other: () => string,
): string[] {
  return Array.from({ length: QUESTIONS }, (_, k) =>
    k % 2 === 0 ? listed(ranges[sequence.below(ranges.length)] as string, sequence) : other(),
  );
}

function name4(range: string, sequence: Sequence): string {
  const [first = '', last = first] = range.split('-');
  const start = numberOf(first);
  return reversed4(start + sequence.below(numberOf(last) - start + 1));
}

/** The range's first address with its low 32 bits drawn. */
function name6(range: string, sequence: Sequence): string {
  const [first = ''] = range.split('-');
  const [head = ''] = first.split('::');
  const groups = head.split(':').map((group) => group.padStart(4, '0'));
  while (groups.length < 6) groups.push('0000');
  const low = sequence.next().toString(16).padStart(8, '0');
  return Array.from(groups.slice(0, 6).join('') + low)
    .reverse()
    .join('.');
}

function numberOf(address: string): number {
  return address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
}

function reversed4(address: number): string {
  return [0, 8, 16, 24].map((shift) => (address >>> shift) & 255).join('.');
}
