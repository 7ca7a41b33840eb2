import { actionOf } from './action.js';
import { forEachBlock } from '../ip/expansion.js';
import { type Format, setsOf } from './format.js';
import { LineWriter } from './text.js';

/**
 * Source text of sendmail's access map, for `makemap hash access < FILE`. sendmail looks an
 * address up whole and then without its last octet or 16-bit group, again and again
 * (ruleset LookUpAddress), so keys end at those bounds. It writes IPv6 addresses as eight
 * groups without leading zeros and without `::`, and so do the keys.
 */
export const sendmailAccess: Format = {
  name: 'sendmail-access',
  summary: 'sendmail access map: Connect: keys by octets and groups, for makemap',
  extension: 'access',
  holdsSeveralLists: false,
  families: [4, 6],
  action: { meaning: 'right-hand side in the access map', default: 'REJECT' },
  render({ lists, notices }, options) {
    const out = new LineWriter('sendmail-access', options.maxLines);
    const action = actionOf(sendmailAccess, options);
    for (const notice of notices) out.line(`# ${notice}`);
    for (const list of lists) {
      for (const set of setsOf(list, options.families)) {
        if (set.family === 4) {
          forEachBlock(set, 8, (parts) => out.line(`Connect:${parts.join('.')}\t${action}`));
        } else {
          forEachBlock(set, 16, (parts) => {
            const groups = parts.map((part) => part.toString(16));
            out.line(`Connect:IPv6:${groups.join(':')}\t${action}`);
          });
        }
      }
    }
    return out.pieces();
  },
};
