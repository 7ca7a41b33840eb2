import { type Format, setsOf } from './format.js';
import { LineWriter, forEachPrefixText } from './text.js';

/** The fewest prefixes, sorted, one a line, nothing else: what every other tool can read. */
export const cidr: Format = {
  name: 'cidr',
  summary: 'fewest prefixes, one a line',
  extension: 'cidr',
  holdsSeveralLists: false,
  families: [4, 6],
  splitsFamilies: true,
  render({ lists }, { families, maxLines }) {
    const out = new LineWriter('cidr', maxLines);
    for (const list of lists) {
      for (const set of setsOf(list, families)) forEachPrefixText(set, (text) => out.line(text));
    }
    return out.pieces();
  },
};
