import type { Address } from '../../../ip/address.js';
import { FAMILIES, type Family, wordsOf } from '../../../ip/family.js';
import { flatten } from '../../../ip/flatten.js';
import { compareWords } from '../../../ip/words.js';
import type { Entry } from '../../../lists/manual.js';

/** Disjoint ranges of one family, ascending, each with the number of its reason. */
interface ReasonColumns {
  readonly family: Family;
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
  readonly reasons: Uint32Array;
}

/** Why addresses are on a list, in columns, which go from thread to thread at once. */
export interface ReasonTable {
  readonly columns: readonly ReasonColumns[];
  /** All reasons in UTF-8, one behind the other: number `k` from `offsets[k]` to `offsets[k + 1]`. */
  readonly texts: Uint8Array;
  readonly offsets: Uint32Array;
}

/** Where several entries with a reason hold an address, the first of the file tells. */
export function reasonTable(entries: readonly Entry[]): ReasonTable {
  const numbers = new Map<string, number>();
  const texts: Uint8Array[] = [];
  const withReason = entries.filter(({ reason }) => reason !== undefined);
  const numberOf = withReason.map(({ reason = '' }) => {
    const known = numbers.get(reason);
    if (known !== undefined) return known;
    numbers.set(reason, texts.length);
    return texts.push(new TextEncoder().encode(reason)) - 1;
  });
  const offsets = new Uint32Array(texts.length + 1);
  for (const [k, text] of texts.entries()) offsets[k + 1] = (offsets[k] as number) + text.length;
  const count = withReason.length;
  const columns = FAMILIES.map((family): ReasonColumns => {
    // of ranges that overlap `flatten` keeps the highest end: here the place from behind
    const ranked = withReason.flatMap(({ range: { first, last, ...range } }, k) =>
      range.family === family ? [{ first, last, endMs: count - k }] : [],
    );
    const { firsts, lasts, endsMs } = flatten(family, ranked);
    const reasons = Uint32Array.from(endsMs, (rank) => numberOf[count - rank] as number);
    return { family, firsts, lasts, reasons };
  });
  return { columns, texts: new Uint8Array(Buffer.concat(texts)), offsets };
}

export function reasonIn(table: ReasonTable, { family, words }: Address): string | undefined {
  const columns = table.columns.find((one) => one.family === family);
  if (columns === undefined) return undefined;
  const n = wordsOf(family);
  let low = 0;
  let high = columns.reasons.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    if (compareWords(words, 0, columns.firsts, middle * n, n) < 0) high = middle - 1;
    else if (compareWords(words, 0, columns.lasts, middle * n, n) > 0) low = middle + 1;
    else {
      const k = columns.reasons[middle] as number;
      return new TextDecoder().decode(table.texts.subarray(table.offsets[k], table.offsets[k + 1]));
    }
  }
  return undefined;
}
