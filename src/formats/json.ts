import type { RangeSet } from '../ip/range-set.js';
import { type Format, type FormatInput, setsOf } from './format.js';
import { LineWriter, forEachPrefixText, forEachRangeText } from './text.js';

/**
 * One JSON document (RFC 8259):
 *
 *     { "notices": [text…],
 *       "lists": [ { "name": "kr", "countries": ["KR"],
 *                    "ipv4": { "rangeCount": n, "prefixCount": n, "addressCount": n,
 *                              "ranges": [[first, last]…], "prefixes": [prefix…] },
 *                    "ipv6": … } ] }
 *
 * `countries` is left out where a list was not made from countries, a family where it was
 * not asked for, `addressCount` for IPv6, whose counts no JSON number holds exactly. A line
 * holds one range or prefix, so that two documents can be compared by line.
 */
export const json: Format = {
  name: 'json',
  summary: 'one document with ranges, prefixes and counts of every list',
  extension: 'json',
  holdsSeveralLists: true,
  families: [4, 6],
  render({ lists, notices }: FormatInput, { families, maxLines }) {
    const out = new LineWriter('json', maxLines);
    out.line(`{ "notices": ${JSON.stringify(notices)},`);
    out.line('  "lists": [');
    lists.forEach((list, k) => {
      const codes = list.countries?.map(({ cc }) => cc);
      const countries = codes === undefined ? '' : `, "countries": ${JSON.stringify(codes)}`;
      const sets = setsOf(list, families);
      out.line(
        `    { "name": ${JSON.stringify(list.name)}${countries}${sets.length > 0 ? ',' : ''}`,
      );
      sets.forEach((set, j) => writeSet(out, set, j + 1 < sets.length));
      out.line(`    }${k + 1 < lists.length ? ',' : ''}`);
    });
    out.line('  ]');
    out.line('}');
    return out.pieces();
  },
};

function writeSet(out: LineWriter, set: RangeSet, more: boolean): void {
  const addresses = set.family === 4 ? `, "addressCount": ${set.countAddresses()}` : '';
  const counts = `"rangeCount": ${set.length}, "prefixCount": ${set.countPrefixes()}${addresses}`;
  out.line(`      "ipv${set.family}": { ${counts},`);
  writeArray(out, 'ranges', ',', (item) => {
    forEachRangeText(set, (first, last) => item(`["${first}", "${last}"]`));
  });
  writeArray(out, 'prefixes', '', (item) => {
    forEachPrefixText(set, (prefix) => item(`"${prefix}"`));
  });
  out.line(`      }${more ? ',' : ''}`);
}

/** `each` gives every item once; a comma goes before all but the first. */
function writeArray(
  out: LineWriter,
  name: string,
  behind: '' | ',',
  each: (item: (text: string) => void) => void,
): void {
  let before: string | undefined;
  out.line(`        "${name}": [`);
  each((text) => {
    if (before !== undefined) out.line(`          ${before},`);
    before = text;
  });
  if (before !== undefined) out.line(`          ${before}`);
  out.line(`        ]${behind}`);
}
