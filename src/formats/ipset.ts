import type { RangeSet } from '../ip/range-set.js';
import { UsageError } from '../util/errors.js';
import { type Format, setsOf } from './format.js';
import { LineWriter, familySuffix, forEachPrefixText, withoutZeroLength } from './text.js';

/**
 * The limit of every set that we make. It is the same for a list of one prefix and for the
 * largest, since `create -exist` refuses a set that stands with another limit. It costs
 * nothing: the kernel takes memory for elements, not for the limit.
 */
export const IPSET_MAX_ELEMENTS = 2 ** 24;

/** With `<list>` at most 24 characters and `_v4` this makes 31, the most that ipset takes. */
const NEW_SUFFIX = '_new';

/** Wanted fill of the hash table, so that it need not grow while it is filled. */
const ELEMENTS_PER_BUCKET = 4;
const SMALLEST_HASH = 64;

/**
 * A file for `ipset restore` (ipset(8)): sets `<list>_v4` and `<list>_v6` of type hash:net.
 * New sets are made and filled beside the live ones and swapped with them at the end, so
 * that a live set is never half there and an error on the way leaves it as it was.
 */
export const ipset: Format = {
  name: 'ipset',
  summary: 'ipset sets of prefixes, for ipset restore',
  extension: 'ipset',
  holdsSeveralLists: true,
  families: [4, 6],
  render({ lists, notices }, { families, maxLines }) {
    const out = new LineWriter('ipset', maxLines);
    for (const notice of notices) out.line(`# ${notice}`);
    const names: string[] = [];
    for (const list of lists) {
      for (const set of setsOf(list, families)) {
        const name = `${list.name}${familySuffix(set.family)}`;
        names.push(name);
        writeNewSet(out, name, set);
      }
    }
    for (const name of names) out.line(`swap ${name}${NEW_SUFFIX} ${name}`);
    for (const name of names) out.line(`destroy ${name}${NEW_SUFFIX}`);
    return out.pieces();
  },
};

/** Makes the live set where there is none, and beside it the one that is to take its place. */
function writeNewSet(out: LineWriter, name: string, set: RangeSet): void {
  const count = set.countPrefixes() + 1; // hash:net refuses /0, which becomes two
  if (count > IPSET_MAX_ELEMENTS) {
    throw new UsageError(
      `ipset: ${name} would have more than ${IPSET_MAX_ELEMENTS} prefixes; ` +
        'divide the list, or use nft',
    );
  }
  const type = `hash:net family ${set.family === 4 ? 'inet' : 'inet6'}`;
  const hash = Math.max(SMALLEST_HASH, 2 ** Math.ceil(Math.log2(count / ELEMENTS_PER_BUCKET)));
  const fresh = `${name}${NEW_SUFFIX}`;
  out.line(`create ${name} ${type} maxelem ${IPSET_MAX_ELEMENTS} -exist`);
  // -exist and flush: one may stand from a load that was interrupted
  out.line(`create ${fresh} ${type} hashsize ${hash} maxelem ${IPSET_MAX_ELEMENTS} -exist`);
  out.line(`flush ${fresh}`);
  forEachPrefixText(set, (text) => {
    for (const prefix of withoutZeroLength(text)) out.line(`add ${fresh} ${prefix}`);
  });
}
