import type { Family } from '../../ip/family.js';

/*
 * What a zone holds, whether it was made of lists or of rbldnsd's files: the input of
 * index/compile.ts. Nothing in it is in a form that depends on how it is looked up.
 */

/**
 * A piece of a TXT record: bytes as they are, or what is put in when a query is answered:
 *
 * - `subject`: the asked address in an address layer, the listed name (in a name layer, of a
 *   wildcard the part that is listed), the client's address in an access layer
 * - `prefix`: the largest prefix that holds the asked address and lies within its range
 * - `prefix k`: the same within the range of `ZoneSource.namedRanges[k]` that holds the address,
 *   however other layers divide what answers; within its own where none does
 */
export type TextPart = Uint8Array | 'subject' | 'prefix' | `prefix ${number}`;

/** One record's data. A TXT is cut to 255 bytes, one character string, once it is filled in. */
export type ZoneRecord =
  | { readonly type: 'A'; readonly ttlSeconds: number; readonly address: number }
  | { readonly type: 'TXT'; readonly ttlSeconds: number; readonly text: readonly TextPart[] }
  | {
      readonly type: 'MX';
      readonly ttlSeconds: number;
      readonly preference: number;
      /** Wire form. */
      readonly exchange: Uint8Array;
    };

/** All records that one listing answers with, and the lists that it is counted for. */
export interface ZoneAnswer {
  readonly records: readonly ZoneRecord[];
  readonly lists?: readonly string[];
}

/**
 * Listed addresses of one family: sorted, disjoint ranges (they may touch) in columns as in
 * RangeSet, and for each range the index of its answer in `ZoneSource.answers`. Columns over
 * shared memory are taken over without a copy where a branch has this layer alone.
 */
export interface AddressLayer {
  readonly family: Family;
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
  readonly answers: Uint32Array;
}

/** Ranges as a list names them, which may lie within each other. */
export interface NamedRanges {
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
  /** Which of them is meant where several hold an address: its index stands in place of an answer. */
  readonly layer: AddressLayer;
}

/** Those of both families. */
export interface NamedRangesOfList {
  readonly v4: NamedRanges;
  readonly v6: NamedRanges;
}

/** How a name of a name layer matches: itself, or every name below it. */
export const NAME_KIND = { exact: 1, wildcard: 2 } as const;

/** In place of an answer: the name is left out (`!` in a dnset). */
export const EXCLUDED = 0xffff_ffff;

/**
 * Listed names, relative to their branch. An exact match goes before a wildcard, and a longer
 * wildcard before a shorter one; no pair of name and kind stands there twice.
 */
export interface NameLayer {
  /** `records` are served as they stand, whatever an access layer says of the client. */
  readonly holds: 'listings' | 'records';
  /** Names in wire form, lower case, without the root's zero, one after the other. */
  readonly bytes: Uint8Array;
  /** Where name `k` begins: `offsets[k]`; it ends at `offsets[k + 1]`. */
  readonly offsets: Uint32Array;
  readonly kinds: Uint8Array;
  /** Index in `ZoneSource.answers`, or EXCLUDED. */
  readonly answers: Uint32Array;
}

/** What is listed below one name of the zone (`subzone` in rbldnsd's words). */
export interface Branch {
  /** Wire form relative to the zone; the root (one zero) for the zone itself. */
  readonly below: Uint8Array;
  readonly addresses: readonly AddressLayer[];
  readonly names: readonly NameLayer[];
}

/**
 * One dataset, or one file of several: of its branches only the most specific one that holds
 * the asked name answers; all groups of a zone answer together.
 */
export interface Group {
  readonly branches: readonly Branch[];
}

/** What an access layer says about a client, in place of an answer. */
export const ACCESS = { ignore: 1, refuse: 2, empty: 3, pass: 4 } as const;
/** Values of an access layer from here on are an answer's index plus this: always listed. */
export const FIRST_ACCESS_ANSWER = 16;

/** Clients and what becomes of them; `answers` has codes of ACCESS, or answers (see above). */
export interface AccessLayers {
  readonly v4: AddressLayer;
  readonly v6: AddressLayer;
}

/** SOA record (RFC 1035 3.3.13); names in wire form, times in seconds. */
export interface Soa {
  readonly ttlSeconds: number;
  readonly primary: Uint8Array;
  readonly person: Uint8Array;
  readonly serial: number;
  readonly refreshSeconds: number;
  readonly retrySeconds: number;
  readonly expireSeconds: number;
  /** TTL of negative answers (RFC 2308). */
  readonly minimumSeconds: number;
}

export interface NameServers {
  readonly ttlSeconds: number;
  /** Wire form. */
  readonly names: readonly Uint8Array[];
}

export interface ZoneSource {
  /** Wire form, lower case. */
  readonly name: Uint8Array;
  readonly soa?: Soa;
  readonly nameServers?: NameServers;
  /** Answers with data carry the name servers in their authority section, where they fit. */
  readonly tellsNameServers?: boolean;
  readonly answers: readonly ZoneAnswer[];
  readonly groups: readonly Group[];
  /** What texts of the answers tell prefixes of (see TextPart). */
  readonly namedRanges?: readonly NamedRangesOfList[];
  readonly access?: AccessLayers;
  /** From this time on the zone answers SERVFAIL; milliseconds since 1970. */
  readonly expiresAtMs?: number;
  /** With keys the zone answers below a label that is one of them (lower case), and nowhere else. */
  readonly keys?: readonly string[];
  /** Why there is nothing to answer from: the zone answers SERVFAIL. */
  readonly failed?: string;
}
