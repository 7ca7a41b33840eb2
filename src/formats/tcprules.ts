import { UsageError } from '../util/errors.js';
import { actionOf } from './action.js';
import { forEachRun } from '../ip/expansion.js';
import type { Format, FormatOptions } from './format.js';
import { LineWriter } from './text.js';

/**
 * Rules for tcprules(1) of ucspi-tcp, read by tcpserver. It knows whole addresses, prefixes
 * of one to three octets with a dot at the end, and ranges of the last octet written; what
 * it does not know, such as `203.0.112.0/23:deny`, it takes as a name that never matches.
 */
export const tcprules: Format = {
  name: 'tcprules',
  summary: 'tcpserver rules by octets and last-octet ranges, for tcprules (IPv4 only)',
  extension: 'tcprules',
  holdsSeveralLists: false,
  // not 6, in truth: so that `render` sees that IPv6 is wanted, and says why it cannot
  families: [4, 6],
  action: { meaning: 'instructions: deny or allow, with ,VAR="value"', default: 'deny' },
  render({ lists, notices }, options) {
    const out = new LineWriter('tcprules', options.maxLines);
    const instructions = instructionsOf(options);
    for (const notice of notices) out.line(`# ${notice}`);
    for (const { name, addresses } of lists) {
      if (options.families.includes(6) && !addresses.v6.isEmpty) throw noIPv6(name);
      if (!options.families.includes(4)) continue;
      forEachRun(addresses.v4, 8, (head, from, to) => {
        const last = from === to ? `${from}` : `${from}-${to}`;
        const dot = head.length < 3 ? '.' : '';
        out.line(`${[...head, last].join('.')}${dot}:${instructions}`);
      });
    }
    return out.pieces();
  },
};

function noIPv6(list: string): UsageError {
  return new UsageError(
    `tcprules: the list ${list} holds IPv6 addresses, which tcpserver's rules cannot name; ` +
      'write the IPv4 ones with --family 4 and deny IPv6 elsewhere (firewall, DNSBL)',
  );
}

/** tcprules stops with an error at any other instruction, and then keeps its old rules. */
function instructionsOf(options: FormatOptions): string {
  const text = actionOf(tcprules, options);
  // a value stands between two of any one character
  if (/^(deny|allow)(,[^=,]+=(.)((?!\3).)*\3)*$/.test(text)) return text;
  throw new UsageError(
    `tcprules: the action is ${JSON.stringify(text)}; ` +
      'expected deny or allow, then any number of ,VAR="value"',
  );
}
