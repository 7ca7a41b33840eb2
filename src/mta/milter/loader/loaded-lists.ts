import type { AddressSet } from '../../../ip/address-set.js';
import { RangeSet } from '../../../ip/range-set.js';
import type { TellableError } from '../../../util/thread-error.js';
import type { CountryColumns } from '../judge/country-index.js';
import type { ReasonTable } from '../judge/reason-table.js';

/** Text of a configuration, and where it was read: relative paths start there. */
export interface MilterInput {
  readonly text: string;
  readonly file: string | undefined;
  /** Statistics files in place of the state. */
  readonly from?: readonly string[];
}

/** An address set as threads send it: a class does not come through. */
export interface AddressColumns {
  readonly v4: readonly [firsts: Uint32Array, lasts: Uint32Array];
  readonly v6: readonly [firsts: Uint32Array, lasts: Uint32Array];
}

export function columnsOf({ v4, v6 }: AddressSet): AddressColumns {
  return { v4: [v4.firsts, v4.lasts], v6: [v6.firsts, v6.lasts] };
}

export function addressSetIn({ v4, v6 }: AddressColumns): AddressSet {
  return { v4: new RangeSet(4, ...v4), v6: new RangeSet(6, ...v6) };
}

/** What a milter takes from files of lists and countries: all that is large. */
export interface LoadedLists {
  /** Lists whose addresses are refused, by name; those that could not be made are absent. */
  readonly judged: ReadonlyMap<
    string,
    { readonly addresses: AddressColumns; readonly reasons?: ReasonTable }
  >;
  readonly allow: AddressColumns;
  /** Undefined where they are those of the load before. */
  readonly countries: CountryColumns | undefined;
  readonly warnings: readonly string[];
  /** Files and folders that they were made from. */
  readonly watch: readonly string[];
  /** When an entry of a list ends, milliseconds since 1970. */
  readonly nextChangeAtMs?: number;
}

export interface ListsRequest {
  readonly id: number;
  readonly input: MilterInput;
  readonly nowMs: number;
}

export type ListsReply = { readonly id: number } & (
  { readonly loaded: LoadedLists } | TellableError
);
