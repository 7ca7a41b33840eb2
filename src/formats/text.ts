import { formatIPv4, formatWords } from '../ip/address.js';
import { type Family, bitsOf } from '../ip/family.js';
import type { RangeSet } from '../ip/range-set.js';
import { compareWords, sizeExponent, trailingZeros, wordAt } from '../ip/words.js';
import { UsageError } from '../util/errors.js';

/** Ranges in columns, merged or not. */
type TextRanges = Pick<RangeSet, 'family' | 'firsts' | 'lasts' | 'words'>;

/** Pieces of text are handed on when they have grown to about this many characters. */
const PIECE = 1 << 16;

/** Collects lines and hands them on in large pieces; counts them against a limit. */
export class LineWriter {
  #text = '';
  #lines = 0;
  readonly #pieces: Uint8Array[] = [];
  readonly #format: string;
  readonly #maxLines: number;

  /** @param format name for the message where more than `maxLines` lines are written */
  constructor(format: string, maxLines: number) {
    this.#format = format;
    this.#maxLines = maxLines;
  }

  /**
   * Adds one line.
   * @throws UsageError past the limit
   */
  line(text: string): void {
    if (++this.#lines > this.#maxLines) throw tooManyLines(this.#format, this.#maxLines);
    this.#text += text + '\n';
    if (this.#text.length > PIECE) this.#endPiece();
  }

  /** The text as UTF-8; no line can be added behind it. */
  pieces(): readonly Uint8Array[] {
    if (this.#text !== '') this.#endPiece();
    return this.#pieces;
  }

  /** As bytes: a text that was put together of thousands of parts takes ten times the memory. */
  #endPiece(): void {
    this.#pieces.push(Buffer.from(this.#text));
    this.#text = '';
  }
}

function tooManyLines(format: string, limit: number): UsageError {
  return new UsageError(
    `${format}: more than ${limit} lines would be written; ` +
      'choose fewer countries, one family (--family 4), a format of ranges or prefixes, ' +
      'or raise the limit with --max-lines',
  );
}

/** `address/length` of each prefix of the set, ascending. */
export function forEachPrefixText(set: RangeSet, visit: (text: string) => void): void {
  if (set.family === 4) {
    set.forEachPrefix((words, length) => visit(`${formatIPv4(wordAt(words, 0))}/${length}`));
  } else {
    set.forEachPrefix((words, length) => visit(`${formatWords(6, words)}/${length}`));
  }
}

/** Calls `visit` with the texts of the first and last address of each range, ascending. */
export function forEachRangeText(
  set: RangeSet,
  visit: (first: string, last: string) => void,
): void {
  for (let i = 0; i < set.firsts.length; i += set.words) {
    visit(formatWords(set.family, set.firsts, i), formatWords(set.family, set.lasts, i));
  }
}

/**
 * The shortest usual name of the range that starts at column offset `i`: one address, one
 * prefix, or `first-last`.
 */
export function rangeText(set: TextRanges, i: number): string {
  const { family, firsts, lasts, words } = set;
  const first = formatWords(family, firsts, i);
  if (compareWords(firsts, i, lasts, i, words) === 0) return first;
  const exponent = prefixExponent(set, i);
  if (exponent !== undefined) return `${first}/${bitsOf(family) - exponent}`;
  return `${first}-${formatWords(family, lasts, i)}`;
}

/** log2 of the size of the range at offset `i` where it is exactly one prefix. */
export function prefixExponent(set: TextRanges, i: number): number | undefined {
  const { firsts, lasts, words } = set;
  const size = sizeExponent(firsts, i, lasts, i, words);
  if (trailingZeros(firsts, i, words) < size) return undefined;
  for (let k = 0; k < words; k++) {
    const bitsHere = Math.min(32, Math.max(0, size - (words - 1 - k) * 32));
    const mask = bitsHere === 32 ? 0xffffffff : 2 ** bitsHere - 1;
    const end = (wordAt(firsts, i + k) | mask) >>> 0;
    if (end !== wordAt(lasts, i + k)) return undefined;
  }
  return size;
}

/** The suffix that tells a list's sets apart by family: `_v4`, `_v6`. */
export function familySuffix(family: Family): string {
  return `_v${family}`;
}

/**
 * The prefix, or the two halves of `0.0.0.0/0` and `::/0` for programs that refuse these or
 * give them a meaning of their own.
 */
export function withoutZeroLength(prefix: string): readonly string[] {
  if (prefix === '0.0.0.0/0') return ['0.0.0.0/1', '128.0.0.0/1'];
  if (prefix === '::/0') return ['::/1', '8000::/1'];
  return [prefix];
}
