import type { AddressFacts, EntryFact, FoundFacts, HitFact } from '../jobs/address-facts.js';
import type { ZoneOpinion } from '../dnsbl/ask-zones.js';
import { countryName } from '../lists/countries.js';
import type { Holding } from '../lists/holdings.js';
import { type Denial, trafficText } from '../policy/standing.js';
import type { CountryData, Delegation } from '../sources/country-data.js';

/** One line: country, delegation and lists of an address. */
export function summaryLine({ facts, record }: FoundFacts, data: CountryData): string {
  const { address, cc, lists } = facts;
  return [
    address,
    cc === null
      ? data.absent === undefined
        ? 'no country'
        : 'country not known'
      : `${cc} ${countryName(cc)}`,
    record ? recordText(record) : originText(data, cc),
    lists.length > 0 ? `lists: ${lists.join(', ')}` : 'in no list',
  ].join('  ');
}

/** The rest of the facts, a line each. Pure. */
export function detailLines({ holdings, entries, firewall, dns, hits }: AddressFacts): string[] {
  const lines = [
    ...holdings.map((holding) => holdingText(holding)),
    ...entries.map(entryText),
    ...(firewall === null ? [] : firewallLines(firewall)),
    ...(dns ?? []).map(opinionText),
    ...(hits === null ? [] : hitLines(hits)),
  ];
  return lines.map((line) => `    ${printable(line)}`);
}

function recordText(record: Delegation): string {
  const { registry, start, value, status, date } = record;
  const size = start.includes(':') ? `${start}/${value}` : `${start} + ${value} addresses`;
  const day = /^[1-9]\d{7}$/.test(date)
    ? ` ${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`
    : '';
  return `${registry}: ${size} ${status}${day}`;
}

function originText(data: CountryData, cc: string | null): string {
  if (data.absent !== undefined) return 'no registry data';
  if (data.statistics.length > 0) return 'in no record of the statistics files at hand';
  return cc === null ? 'in no network of the CSV files' : `by ${data.attribution.join('; ')}`;
}

function holdingText({ list, holds, cc, lists, file, url, except, missing }: Holding): string {
  const source = cc ?? (lists ? `lists ${lists.join(', ')}` : (file ?? url ?? ''));
  if (holds) return `list ${list}: by ${source}`;
  const why = [
    ...(except ? [`it leaves out ${except.join(', ')}`] : []),
    ...(missing ? [`it keeps only what is in ${missing.join(', ')} too`] : []),
  ];
  return `not list ${list}, although ${source} holds it: ${why.join('; ')}`;
}

function entryText(entry: EntryFact): string {
  const { list, source, line, text, inForce, reason, author, since, until } = entry;
  return [
    `entry of ${list}: ${source}:${line}: ${text}`,
    ...(reason === null ? [] : [`“${reason}”`]),
    ...(author === null ? [] : [`by ${author}`]),
    ...(since === null ? [] : [`since ${timeText(since)}`]),
    ...(until === null ? [] : [`${inForce ? 'until' : 'ran out at'} ${timeText(until)}`]),
  ].join(', ');
}

function firewallLines({ admin, allow, denials }: NonNullable<AddressFacts['firewall']>): string[] {
  const passes = [
    ...(admin === null ? [] : [`${admin} is one of firewall.admins`]),
    ...(allow.length > 0 ? [`in ${allow.join(', ')}, which firewall.allow names`] : []),
  ];
  const mayPass = passes.length > 0;
  if (denials.length === 0 && !mayPass) return ['firewall: no rule denies it'];
  return [
    ...passes.map((text) => `firewall: passes everywhere: ${text}`),
    ...denials.map((denial) => `firewall: ${denialText(denial, mayPass)}`),
  ];
}

function denialText(denial: Denial, mayPass: boolean): string {
  const { reason, traffic, action, direction, interfaces, observes } = denial;
  const what = mayPass
    ? `would ${action}`
    : observes
      ? `counts, and lets pass (${action} where it is enforced)`
      : action;
  const where = [
    direction === 'out' ? 'to it' : '',
    interfaces.length > 0 ? `on ${interfaces.join(', ')}` : '',
  ].filter((text) => text !== '');
  return `${[trafficText(traffic), ...where].join(' ')}: ${what}: ${reason}`;
}

function opinionText({ zone, hasKeys, rcode, a, txt, failed }: ZoneOpinion): string {
  const answers = [...a, ...txt.map((text) => `“${text}”`)];
  const found =
    answers.length > 0 ? answers.join(' ') : rcode === 'NXDOMAIN' ? 'not listed' : rcode;
  const why = failed === undefined ? '' : `: ${failed}`;
  return `DNS ${zone}${hasKeys ? ' (below its keys)' : ''}: ${found}${why}`;
}

function hitLines(hits: readonly HitFact[]): string[] {
  if (hits.length === 0) return ['denied: never, as far as it was collected'];
  return hits.map(({ rule, list, packets, first, last }) => {
    const times = first === last ? '' : `, first ${timeText(first)}`;
    return `denied: ${packets} packets by rule ${rule} (${list}), last ${timeText(last)}${times}`;
  });
}

/** To the second. */
function timeText(time: string): string {
  return `${time.slice(0, 19)}Z`;
}

/** Files and zones may hold what a terminal would obey. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, '?');
}
