import { actionOf } from './action.js';
import { type Format, setsOf } from './format.js';
import { LineWriter, forEachPrefixText } from './text.js';

/**
 * A table for Postfix's `cidr:` maps (cidr_table(5)): prefix and action, IPv4 first. The
 * prefixes are disjoint, so the first match that Postfix takes is the only one.
 */
export const postfixCidr: Format = {
  name: 'postfix-cidr',
  summary: 'Postfix cidr: table for check_client_access and postscreen',
  extension: 'cidr_table',
  holdsSeveralLists: false,
  families: [4, 6],
  action: { meaning: 'result of the lookup, an action of access(5)', default: 'REJECT' },
  render({ lists, notices }, options) {
    const out = new LineWriter('postfix-cidr', options.maxLines);
    const action = actionOf(postfixCidr, options);
    for (const notice of notices) out.line(`# ${notice}`);
    for (const list of lists) {
      for (const set of setsOf(list, options.families)) {
        forEachPrefixText(set, (prefix) => out.line(`${prefix}\t${action}`));
      }
    }
    return out.pieces();
  },
};
