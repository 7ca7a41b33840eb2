import { formatWords } from '../ip/address.js';
import { bitsOf } from '../ip/family.js';
import type { RangeSet } from '../ip/range-set.js';
import { compareWords } from '../ip/words.js';
import { type Format, setsOf } from './format.js';
import { NFT_TABLE } from './nft.js';
import { LineWriter, familySuffix, prefixExponent } from './text.js';

/**
 * The same as `nft` for `nft -j -f` and for programs that speak JSON: a document as in
 * libnftables-json(5), one command a line, elements one a line. JSON has no comments, so the
 * notices stand in the metainfo object, where nft does not look.
 */
export const nftJson: Format = {
  name: 'nft-json',
  summary: 'nftables sets as JSON, for nft -j -f',
  extension: 'nft.json',
  holdsSeveralLists: true,
  families: [4, 6],
  render({ lists, notices }, { families, maxLines }) {
    const out = new LineWriter('nft-json', maxLines);
    const metainfo = { json_schema_version: 1, ...(notices.length > 0 && { notices }) };
    out.line('{"nftables": [');
    out.line(JSON.stringify({ metainfo }));
    // JSON wants no comma behind the last object, so each line brings its own in front
    out.line(`,${JSON.stringify({ add: { table: { family: 'inet', name: NFT_TABLE } } })}`);
    for (const list of lists) {
      for (const set of setsOf(list, families)) writeSet(out, list.name, set);
    }
    out.line(']}');
    return out.pieces();
  },
};

function writeSet(out: LineWriter, listName: string, set: RangeSet): void {
  const name = `${listName}${familySuffix(set.family)}`;
  const key = { family: 'inet', table: NFT_TABLE, name };
  const type = set.family === 4 ? 'ipv4_addr' : 'ipv6_addr';
  out.line(`,${JSON.stringify({ add: { set: { ...key, type, flags: ['interval'] } } })}`);
  out.line(`,${JSON.stringify({ flush: { set: key } })}`);
  if (set.isEmpty) return;
  const head = JSON.stringify(key).slice(0, -1);
  out.line(`,{"add":{"element":${head},"elem":[`);
  for (let i = 0; i < set.firsts.length; i += set.words) {
    const comma = i + set.words < set.firsts.length ? ',' : '';
    out.line(elementJson(set, i) + comma);
  }
  out.line(']}}}');
}

/** An address, a prefix object or a range object: what libnftables-json(5) calls an expression. */
function elementJson(set: RangeSet, i: number): string {
  const { family, firsts, lasts, words } = set;
  const first = formatWords(family, firsts, i);
  if (compareWords(firsts, i, lasts, i, words) === 0) return `"${first}"`;
  const exponent = prefixExponent(set, i);
  if (exponent !== undefined) {
    return `{"prefix":{"addr":"${first}","len":${bitsOf(family) - exponent}}}`;
  }
  return `{"range":["${first}","${formatWords(family, lasts, i)}"]}`;
}
