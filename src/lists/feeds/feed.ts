import type { LoadedConfig } from '../../config/load.js';
import type { Config, ListDefinition } from '../../config/schema.js';
import { admittingLists, exceptedLists } from '../admitting.js';

/** How the download of a list is to be read. */
export type FeedForm =
  | { readonly kind: 'plain' }
  | {
      readonly kind: 'csv';
      /** Name, or number from 1. */
      readonly column: string | number;
      /** Where the last address of a range stands beside the first. */
      readonly last?: string | number;
      readonly reason: string | number | undefined;
      readonly delimiter: string;
      readonly header: boolean;
    }
  | {
      readonly kind: 'json';
      /** RFC 9535, checked. */
      readonly path: string;
      /** Member beside the address. */
      readonly reason: string | undefined;
    };

/** What is taken of a download, and when it is refused. */
export interface FeedLimits {
  /** Length of the largest prefix that is taken. */
  readonly minPrefix: { readonly 4: number; readonly 6: number };
  /** Whether private, loopback and multicast addresses are taken, too. */
  readonly takesPrivate: boolean;
  readonly takesEmpty: boolean;
  /**
   * Whether one line that cannot be taken refuses the download: the list is left out of another
   * one, which would become larger than meant.
   */
  readonly isStrict: boolean;
  /** Shares: of the space of addresses, and of the last download. */
  readonly maxShare: number;
  readonly fall: number;
  readonly rise: number;
  readonly maxLines: number;
}

/** A list that is downloaded. */
export interface Feed {
  readonly list: string;
  readonly url: string;
  readonly form: FeedForm;
  readonly limits: FeedLimits;
  /** Path of a file with headers of the request. */
  readonly headersFile: string | undefined;
  readonly everyMs: number | undefined;
  readonly maxAgeMs: number | undefined;
  /** Whether the list is empty once the copy is older than that. */
  readonly isEmptyWhenOld: boolean;
}

/** The lists of a configuration that are downloaded. */
export function feedsOf({ config, resolvePath }: LoadedConfig): Feed[] {
  const excepted = exceptedLists(config);
  const admitting = admittingLists(config);
  return Object.entries(config.lists).flatMap(([list, definition]) => {
    const { url, every, max_age, stale, headers_file } = definition;
    if (url === undefined) return [];
    const limits = limitsOf(config, definition, excepted.has(list), admitting.has(list));
    return [
      {
        list,
        url,
        form: formOf(definition),
        limits,
        headersFile: headers_file === undefined ? undefined : resolvePath(headers_file),
        everyMs: every,
        maxAgeMs: max_age,
        isEmptyWhenOld: stale === 'empty',
      },
    ];
  });
}

function formOf({ csv, json, reason }: ListDefinition): FeedForm {
  if (json !== undefined) {
    return { kind: 'json', path: json, reason: reason === undefined ? undefined : String(reason) };
  }
  if (csv === undefined) return { kind: 'plain' };
  const { column, last, delimiter, header = [column, last, reason].some(isName) } = csv;
  return { kind: 'csv', column, ...(last !== undefined && { last }), reason, delimiter, header };
}

function isName(column: string | number | undefined): boolean {
  return typeof column === 'string';
}

function limitsOf(
  { feeds }: Config,
  definition: ListDefinition,
  isStrict: boolean,
  letsIn: boolean,
): FeedLimits {
  const {
    min_prefix = feeds.min_prefix,
    min_prefix6 = feeds.min_prefix6,
    max_share = feeds.max_share,
    fall = feeds.fall,
    rise = feeds.rise,
  } = definition;
  return {
    minPrefix: { 4: min_prefix, 6: min_prefix6 },
    takesPrivate: definition.private ?? letsIn,
    takesEmpty: definition.empty === 'take',
    isStrict,
    maxShare: max_share,
    fall,
    rise,
    maxLines: feeds.max_lines,
  };
}
