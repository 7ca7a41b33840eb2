import { ParseError, messageOf } from '../../../util/errors.js';
import { type ZoneUse, plainHost } from './mail-server.js';

interface Rbl {
  readonly rbl?: unknown;
  readonly enabled?: unknown;
  readonly returncodes?: unknown;
  readonly unknown?: unknown;
}

/**
 * Zones of rspamd's rbl module, in what `rspamadm configdump --compact rbl` prints.
 *
 * @throws ParseError where that is no JSON
 */
export function rblUses(dump: string): ZoneUse[] {
  let value: unknown;
  try {
    value = JSON.parse(dump);
  } catch (error) {
    throw new ParseError(`rspamadm configdump printed no JSON: ${messageOf(error)}`);
  }
  const top = entriesOf(value);
  // older versions print the section with its name
  const rbls = top.get('rbls') ?? entriesOf(top.get('rbl')).get('rbls');
  return [...entriesOf(rbls)].flatMap(([name, one]) => {
    const { rbl, enabled, returncodes, unknown } = Object.fromEntries(entriesOf(one)) as Rbl;
    if (typeof rbl !== 'string' || enabled === false) return [];
    const codes = [...entriesOf(returncodes).values()].flat().map(String);
    const isFiltered = codes.length > 0 && unknown !== true;
    return [
      {
        place: `rbls.${name}`,
        host: plainHost(rbl),
        codes: isFiltered ? codes : undefined,
        effect: 'score' as const,
      },
    ];
  });
}

function entriesOf(value: unknown): Map<string, unknown> {
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}
