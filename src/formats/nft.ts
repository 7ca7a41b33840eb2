import { type Format, type FormatInput, setsOf } from './format.js';
import { LineWriter, familySuffix, rangeText } from './text.js';

/** The table that holds our sets, as in the `firewall` part: `inet sekisho`. */
export const NFT_TABLE = 'sekisho';

/** Elements a line: long enough to be compact, short enough to be read. */
const ELEMENTS_PER_LINE = 4;

/**
 * A file for `nft -f`: named interval sets `<list>_v4` and `<list>_v6` in the table
 * `inet sekisho`. It makes what is missing, empties each set and fills it, all in one
 * transaction, so rules that refer to the sets stay and loading twice changes nothing.
 */
export const nft: Format = {
  name: 'nft',
  summary: 'nftables sets of ranges, for nft -f',
  extension: 'nft',
  holdsSeveralLists: true,
  families: [4, 6],
  render(input: FormatInput, { families, maxLines }) {
    const out = new LineWriter('nft', maxLines);
    for (const notice of input.notices) out.line(`# ${notice}`);
    out.line(`add table inet ${NFT_TABLE}`);
    for (const list of input.lists) {
      for (const set of setsOf(list, families)) {
        const name = `inet ${NFT_TABLE} ${list.name}${familySuffix(set.family)}`;
        const type = set.family === 4 ? 'ipv4_addr' : 'ipv6_addr';
        out.line(`add set ${name} { type ${type}; flags interval; }`);
        out.line(`flush set ${name}`);
        if (set.isEmpty) continue;
        out.line(`add element ${name} {`);
        const step = set.words * ELEMENTS_PER_LINE;
        for (let i = 0; i < set.firsts.length; i += step) {
          const part: string[] = [];
          for (let j = i; j < Math.min(i + step, set.firsts.length); j += set.words) {
            part.push(rangeText(set, j));
          }
          out.line(`\t${part.join(', ')},`);
        }
        out.line('}');
      }
    }
    return out.pieces();
  },
};
