import { type Format, setsOf } from './format.js';
import { LineWriter, forEachRangeText } from './text.js';

/** `first-last`, one range a line: shorter than prefixes, read by ipset, nft and p2p tools. */
export const ranges: Format = {
  name: 'ranges',
  summary: 'ranges as first-last, one a line',
  extension: 'ranges',
  holdsSeveralLists: false,
  families: [4, 6],
  splitsFamilies: true,
  render({ lists }, { families, maxLines }) {
    const out = new LineWriter('ranges', maxLines);
    for (const list of lists) {
      for (const set of setsOf(list, families)) {
        forEachRangeText(set, (first, last) => out.line(`${first}-${last}`));
      }
    }
    return out.pieces();
  },
};
