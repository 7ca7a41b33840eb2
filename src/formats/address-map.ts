import { EMPTY_ADDRESS_SET, differenceOf, unionOf } from '../ip/address-set.js';
import { UsageError } from '../util/errors.js';
import { type FormatInput, type FormatOptions, type NamedList, setsOf } from './format.js';
import { LineWriter, forEachPrefixText, withoutZeroLength } from './text.js';

/*
 * For programs that look an address up and get one value: a line a prefix, comments with #.
 * Where lists overlap, the first one has the address, and the prefixes of the others are cut
 * out around it: no network stands twice, and none inside another. /0 is written as its two
 * halves, since nginx takes it for a second default.
 */

/** What `action` means in such a format. */
export const MAP_ACTION = {
  meaning: 'value of every address',
  default: 'the name of the list',
} as const;

/**
 * The text of a map.
 * @throws UsageError where `action` has characters that mean something to the program
 */
export function renderAddressMap(
  format: string,
  { lists, notices }: FormatInput,
  { families, maxLines, action }: FormatOptions,
  lineOf: (prefix: string, value: string) => string,
): Iterable<Uint8Array> {
  const out = new LineWriter(format, maxLines);
  for (const notice of notices) out.line(`# ${notice}`);
  for (const list of firstListWins(lists)) {
    const value = action === undefined ? list.name : checkedValue(format, action);
    for (const set of setsOf(list, families)) {
      forEachPrefixText(set, (text) => {
        for (const prefix of withoutZeroLength(text)) out.line(lineOf(prefix, value));
      });
    }
  }
  return out.pieces();
}

/** The lists, in the same order, with each address left only in the first that holds it. */
function firstListWins(lists: readonly NamedList[]): NamedList[] {
  let taken = EMPTY_ADDRESS_SET;
  return lists.map(({ name, addresses }) => {
    const own = differenceOf(addresses, taken);
    taken = unionOf([taken, addresses]);
    return { name, addresses: own };
  });
}

function checkedValue(format: string, value: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.:-]*$/.test(value)) return value;
  throw new UsageError(
    `${format}: ${JSON.stringify(value)} cannot be a value; ` +
      'expected letters, digits and _ . : - only, beginning with a letter or digit',
  );
}
