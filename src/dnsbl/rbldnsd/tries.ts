import { EXCLUDED } from '../zone/zone-source.js';
import { lowBitsAreZero } from '../../ip/words.js';
import { hostMask4, readPrefix4 } from './addresses-4.js';
import { packGroups, readPrefix6 } from './addresses-6.js';
import { type AnswerTable, ValueSets, answerOf } from './answers.js';
import { COLON, EXCLAMATION, type Line } from './line.js';
import { Prefixes } from './prefixes.js';
import {
  type Layers,
  type ReadContext,
  type Scope,
  type SetReader,
  isAllowed4,
  refuse,
} from './set-reader.js';
import { ValueTable } from './values.js';

/** Prefixes of one family: the longest one decides, with its one value. */
abstract class TrieReader implements SetReader {
  protected readonly context: ReadContext;
  protected readonly values: ValueTable;
  protected abstract readonly prefixes: Prefixes;
  readonly #scope: Scope;

  constructor(context: ReadContext, scope: Scope) {
    this.context = context;
    this.#scope = scope;
    this.values = new ValueTable(context);
  }

  startFile(name: string): void {
    this.values.resetDefault();
    this.prefixes.startFile(name);
  }

  readLine(line: Line): void {
    if (this.isDefault(line)) {
      this.values.readDefault(line);
      return;
    }
    const isExclusion = line.peek() === EXCLAMATION;
    if (isExclusion) {
      line.at++;
      line.skipSpace();
    }
    const bits = this.readPrefix(line);
    if (bits < 0) return;
    const value = isExclusion ? EXCLUDED : this.values.read(line);
    if (value < 0) return;
    this.context.entries++;
    this.prefixes.add(this.words, bits, value, line.number);
  }

  finish(answers: AnswerTable): Layers {
    const { warnings } = this.context;
    const answer = answerOf(new ValueSets(), this.values.values, answers, this.#scope);
    const layer = this.prefixes.flatten(answer, ({ file, line }) => {
      warnings.addText(file, line, 'a prefix that was given before', 'each prefix once');
    });
    return { addresses: [layer], names: [] };
  }

  /** The address of the prefix that was read, without host bits. */
  protected abstract readonly words: Uint32Array;
  protected abstract isDefault(line: Line): boolean;
  /** Length of the prefix, or −1 where the line was refused. */
  protected abstract readPrefix(line: Line): number;
}

export class Ip4TrieReader extends TrieReader {
  protected override readonly prefixes = new Prefixes(4);
  protected override readonly words = new Uint32Array(1);

  protected override isDefault(line: Line): boolean {
    return line.peek() === COLON;
  }

  protected override readPrefix(line: Line): number {
    const bits = readPrefix4(line);
    if (bits < 0 || !line.isAtWordEnd()) {
      refuse(this.context, line, 'an IPv4 address or a prefix such as 192.0.2.0/24');
      return -1;
    }
    return keepPrefix4(this.context, line, bits, this.words) ? bits : -1;
  }
}

export class Ip6TrieReader extends TrieReader {
  protected override readonly prefixes = new Prefixes(6);
  protected override readonly words = new Uint32Array(4);
  readonly #groups = new Uint16Array(8);

  /** `::1` is an address. */
  protected override isDefault(line: Line): boolean {
    return line.peek() === COLON && line.peek(1) !== COLON;
  }

  protected override readPrefix(line: Line): number {
    const bits = readPrefix6(line, this.#groups);
    if (bits < 0 || !line.isAtWordEnd()) {
      refuse(this.context, line, 'an IPv6 address or a prefix such as 2001:db8::/32');
      return -1;
    }
    return keepPrefix6(this.context, line, bits, this.#groups, this.words) ? bits : -1;
  }
}

/** Puts the prefix that was read into `words`, host bits as `-e` says; false where refused. */
export function keepPrefix4(
  context: ReadContext,
  line: Line,
  bits: number,
  words: Uint32Array,
): boolean {
  const hostMask = hostMask4(bits);
  line.last = (line.first | hostMask) >>> 0;
  if (!isAllowed4(context, line, hostMask)) return false;
  words[0] = line.first;
  return true;
}

/** The same for IPv6. */
export function keepPrefix6(
  context: ReadContext,
  line: Line,
  bits: number,
  groups: Uint16Array,
  words: Uint32Array,
): boolean {
  packGroups(groups, words);
  if (lowBitsAreZero(words, 0, 4, 128 - bits)) return true;
  if (!context.settings.acceptHostBits) {
    refuse(context, line, 'no host bits set below the prefix length (-e allows them)');
    return false;
  }
  for (let k = 0; k < 4; k++) {
    words[k] = (words[k] as number) & ~hostMask4(Math.min(32, Math.max(0, bits - 32 * k)));
  }
  return true;
}
