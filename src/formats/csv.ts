import { FAMILIES } from '../ip/family.js';
import { countrySetsOf } from './country-parts.js';
import type { Format } from './format.js';
import { LineWriter, forEachRangeText } from './text.js';

/**
 * Comma-separated values (RFC 4180, lines end in LF) with a header line, one range a line.
 * A range that runs through several countries is divided; `country` is empty where the list
 * was not made from countries. No field needs quotes, and no notices are written, since
 * CSV knows no comments.
 */
export const csv: Format = {
  name: 'csv',
  summary: 'ranges with list, country and family, for spreadsheets',
  extension: 'csv',
  holdsSeveralLists: true,
  families: [4, 6],
  render({ lists }, { families, maxLines }) {
    const out = new LineWriter('csv', maxLines);
    out.line('list,country,family,first,last');
    for (const list of lists) {
      for (const family of FAMILIES.filter((one) => families.includes(one))) {
        for (const { cc, set } of countrySetsOf(list, family)) {
          const start = `${list.name},${cc ?? ''},ipv${family}`;
          forEachRangeText(set, (first, last) => out.line(`${start},${first},${last}`));
        }
      }
    }
    return out.pieces();
  },
};
