import { type ZoneUse, plainHost } from './mail-server.js';

/**
 * Zones of `check_rbl` (Mail::SpamAssassin::Plugin::DNSEval): a set asks, and rules with
 * `check_rbl_sub` for the same set tell return codes apart. A name that begins with two
 * underscores has no score, so that an answer alone does nothing.
 */
export function ruleUses(text: string): ZoneUse[] {
  const rules = [
    ...text.matchAll(
      /^[ \t]*header\s+(\S+)\s+eval:(check_rbl\w*)\s*\(\s*['"]([^'"]+)['"]\s*,\s*['"]([^'"]+)['"]/gm,
    ),
  ].map(([, name = '', call = '', set = '', value = '']) => ({ name, call, set, value }));
  return rules
    .filter(({ call }) => call === 'check_rbl' || call === 'check_rbl_txt')
    .map(({ name, set, value }) => {
      const codes = rules
        .filter((one) => one.call === 'check_rbl_sub' && one.set === set)
        .map((one) => one.value);
      const isHidden = name.startsWith('__') && codes.length > 0;
      return {
        place: name,
        host: plainHost(value),
        codes: isHidden ? codes : undefined,
        effect: 'score',
      };
    });
}
