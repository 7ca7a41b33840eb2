import type { RangeSet } from '../ip/range-set.js';
import { UsageError } from '../util/errors.js';
import { actionOf } from './action.js';
import { DNSBL_ACTION_MEANING, parseDnsblValue, withTestEntries } from './dnsbl-entry.js';
import { forEachZoneBlock } from '../ip/expansion.js';
import { type Format, type FormatOptions, type NamedList, setsOf } from './format.js';
import { LineWriter } from './text.js';

const DEFAULT_VALUE = ':127.0.0.2:listed in';

/** Seconds: what a resolver keeps a listing for, and that an address is not listed. */
const TTL_SECONDS = 3600;
const NEGATIVE_TTL_SECONDS = 300;
/** Seconds: refresh, retry and expire of the SOA record, for secondary servers. */
const SECONDARY_TIMERS = '3600 600 604800';

/**
 * A master file (RFC 1035 section 5) for named and nsd: A and TXT records
 * under reversed octets and nibbles (RFC 5782), with a wildcard for each block of many
 * addresses. Every name is relative, so it loads under any origin.
 *
 * A wildcard does not apply below a name that exists (RFC 4592 2.2.1): a more specific entry
 * would hide the rest of the wildcard's block. The blocks come from disjoint ranges, the
 * test entries included, and those of one family stay apart from the other's: see
 * `forEachZoneBlock`.
 */
export const bind: Format = {
  name: 'bind',
  summary: 'DNSBL zone as a master file of wildcards, for named and nsd',
  extension: 'zone',
  holdsSeveralLists: false,
  families: [4, 6],
  action: { meaning: DNSBL_ACTION_MEANING, default: `${DEFAULT_VALUE} NAME` },
  render({ lists, notices }, options) {
    const out = new LineWriter('bind', options.maxLines);
    for (const list of lists) {
      const { address, text } = valueOf(list, options);
      const sets = setsOf(list, options.families).map(withTestEntries);
      for (const notice of notices) out.line(`; ${notice}`);
      out.line(`$TTL ${TTL_SECONDS}`);
      const serial = options.dataTimeSeconds ?? contentSerial(sets, address + text);
      const timers = `${SECONDARY_TIMERS} ${NEGATIVE_TTL_SECONDS}`;
      out.line(`@\tSOA\tns hostmaster ${serial >>> 0} ${timers}`);
      // named refuses a zone whose own name server has no address
      out.line('@\tNS\tns');
      out.line('ns\tA\t127.0.0.1');
      out.line('ns\tAAAA\t::1');
      for (const set of sets) {
        forEachZoneBlock(set, (parts) => {
          out.line(`${ownerName(set, parts)}\tA\t${address}`);
          if (text !== '') out.line(`\tTXT\t${text}`);
        });
      }
    }
    return out.pieces();
  },
};

/** `7.113.0.203` for one address, `*.0.203` for 203.0.0.0/16; nibbles likewise. */
function ownerName({ family }: RangeSet, parts: readonly number[]): string {
  const labels = parts.map((part) => part.toString(family === 4 ? 10 : 16)).reverse();
  const isWhole = parts.length === (family === 4 ? 4 : 32);
  return (isWhole ? '' : '*.') + labels.join('.');
}

function valueOf(list: NamedList, options: FormatOptions): { address: string; text: string } {
  const chosen = options.action === undefined ? undefined : actionOf(bind, options);
  const { address, text } = parseDnsblValue('bind', chosen ?? `${DEFAULT_VALUE} ${list.name}`);
  if (text.replaceAll('$$', '').includes('$')) {
    throw new UsageError(
      `bind: the text of the action is ${JSON.stringify(text)}; expected one without $: ` +
        'a zone file cannot put the asked address in its place (rbldnsd does); $$ stands for $',
    );
  }
  return { address, text: text === '' ? '' : quoted(text.replaceAll('$$', '$')) };
}

/** A character string of a master file (RFC 1035 5.1): bytes beyond ASCII as `\DDD`. */
function quoted(text: string): string {
  let out = '';
  for (const byte of Buffer.from(text)) {
    const char = String.fromCharCode(byte);
    if (char === '"' || char === '\\') out += `\\${char}`;
    else out += byte < 0x7f ? char : `\\${byte}`;
  }
  return `"${out}"`;
}

/**
 * A serial from the content alone (FNV-1a, 32 bits), where no age of the data is given: the
 * same list gives the same file, a changed list another serial. It does not rise, so
 * secondary servers need the age.
 */
function contentSerial(sets: readonly RangeSet[], value: string): number {
  let hash = 0x811c9dc5;
  const mix = (byte: number): void => {
    hash = Math.imul(hash ^ byte, 0x01000193);
  };
  for (const byte of Buffer.from(value)) mix(byte);
  for (const { firsts, lasts } of sets) {
    for (const column of [firsts, lasts]) {
      for (const word of column) {
        for (let shift = 24; shift >= 0; shift -= 8) mix((word >>> shift) & 0xff);
      }
    }
  }
  return hash >>> 0;
}
