import { parseIPv4, parseIPv6 } from '../ip/address.js';
import { subtract, union } from '../ip/algebra.js';
import type { Family } from '../ip/family.js';
import { RangeSet } from '../ip/range-set.js';
import { UsageError } from '../util/errors.js';

/** What a DNSBL answers for a listed address. */
export interface DnsblValue {
  /** Return code, 127.0.0.0/8. */
  readonly address: string;
  /** The TXT record, at most 255 bytes of UTF-8; empty for none. */
  readonly text: string;
}

/** What `action` means in the formats of a DNSBL. */
export const DNSBL_ACTION_MEANING = ':A:TXT, the return code and the text of a listing';

const MAX_TEXT_BYTES = 255;

/**
 * Reads `:127.0.0.2:text`, rbldnsd's full notation of a value.
 * @throws UsageError for anything else, for an address outside 127.0.0.0/8 (RFC 5782 2.1)
 *   and for a text that does not fit one string of a TXT record
 */
export function parseDnsblValue(format: string, value: string): DnsblValue {
  const match = /^:([^:]*):(.*)$/.exec(value);
  const address = match?.[1] ?? '';
  const text = match?.[2] ?? '';
  const code = parseIPv4(address);
  if (code === undefined || code >>> 24 !== 127) {
    throw new UsageError(
      `${format}: the action is ${JSON.stringify(value)}; expected ${DNSBL_ACTION_MEANING} ` +
        'with a return code from 127.0.0.0/8, such as ":127.0.0.2:listed"',
    );
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_TEXT_BYTES) {
    throw new UsageError(
      `${format}: the text of the action has ${bytes} bytes; expected at most ${MAX_TEXT_BYTES}, ` +
        'the length of one string in a TXT record',
    );
  }
  return { address, text };
}

const TEST_ENTRIES: Record<Family, { readonly listed: RangeSet; readonly unlisted: RangeSet }> = {
  4: { listed: one4('127.0.0.2'), unlisted: one4('127.0.0.1') },
  6: { listed: one6('::ffff:7f00:2'), unlisted: one6('::ffff:7f00:1') },
};

/**
 * The set with the test entries of RFC 5782 section 5: 127.0.0.2 is listed in every DNSBL and
 * 127.0.0.1 in none, whatever the list says; for IPv6 ::FFFF:7F00:2 and ::FFFF:7F00:1.
 */
export function withTestEntries(set: RangeSet): RangeSet {
  const { listed, unlisted } = TEST_ENTRIES[set.family];
  return subtract(union(set.family, [set, listed]), unlisted);
}

function one4(text: string): RangeSet {
  const words = Uint32Array.of(parseIPv4(text) as number);
  return new RangeSet(4, words, words);
}

function one6(text: string): RangeSet {
  const words = parseIPv6(text) as Uint32Array;
  return new RangeSet(6, words, words);
}
