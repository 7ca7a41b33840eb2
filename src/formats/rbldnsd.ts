import { actionOf } from './action.js';
import { DNSBL_ACTION_MEANING, parseDnsblValue, withTestEntries } from './dnsbl-entry.js';
import { type Format, type NamedList, setsOf } from './format.js';
import { LineWriter, familySuffix, forEachPrefixText } from './text.js';

const DEFAULT_VALUE = ':127.0.0.2:$ is in list';

/**
 * A file for rbldnsd(8), always of type `combined`: one dataset a family, `ip4trie` and
 * `ip6trie`, both for the zone itself (`@`). So the argument of the daemon is the same
 * whatever families a list has: `ZONE:combined:FILE`. Every entry has its full value, in
 * which rbldnsd puts the asked address for `$`. A final newline ends the last entry.
 */
export const rbldnsd: Format = {
  name: 'rbldnsd',
  summary: 'DNSBL zone for rbldnsd, type combined (ip4trie and ip6trie)',
  extension: 'rbldnsd',
  holdsSeveralLists: false,
  families: [4, 6],
  action: { meaning: DNSBL_ACTION_MEANING, default: `${DEFAULT_VALUE} NAME` },
  render({ lists, notices }, options) {
    const out = new LineWriter('rbldnsd', options.maxLines);
    for (const notice of notices) out.line(`# ${notice}`);
    for (const list of lists) {
      const value = valueOf(
        list,
        options.action === undefined ? undefined : actionOf(rbldnsd, options),
      );
      for (const set of setsOf(list, options.families)) {
        out.line(`$DATASET ip${set.family}trie:${list.name}${familySuffix(set.family)} @`);
        forEachPrefixText(withTestEntries(set), (prefix) => out.line(`${prefix} ${value}`));
      }
    }
    return out.pieces();
  },
};

function valueOf(list: NamedList, action: string | undefined): string {
  const { address, text } = parseDnsblValue('rbldnsd', action ?? `${DEFAULT_VALUE} ${list.name}`);
  return `:${address}:${text}`;
}
