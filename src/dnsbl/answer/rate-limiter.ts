import { randomBytes } from 'node:crypto';

import type { Client } from './client.js';

/** Settings of response rate limiting, as in BIND and NSD. */
export interface RateLimit {
  /** Replies a second for a network of clients, and the most that it can save up for a burst. */
  readonly responsesPerSecond: number;
  /** Every so many of the replies beyond that is sent cut (TC), so that a real client asks by TCP; 0: none. */
  readonly slip: number;
  readonly prefix4: number;
  readonly prefix6: number;
}

/** What `RateLimiter.judge` may say. */
export const LIMITED = { no: 0, drop: 1, slip: 2 } as const;

/** A power of two; each network has one place, which the last one of several that meet there owns. */
const PLACES = 1 << 16;

/** What is remembered of clients; threads that share it limit them together. */
export interface RateTable {
  /** 32 random bits that say which networks meet in one place. */
  readonly seed: number;
  readonly tokens: Float64Array;
  readonly seenMs: Float64Array;
  readonly slips: Uint32Array;
  readonly owners: Uint32Array;
}

/** @param seed for tests; secret otherwise */
export function newRateTable(seed = randomBytes(4).readUInt32LE()): RateTable {
  return {
    seed,
    tokens: new Float64Array(new SharedArrayBuffer(PLACES * 8)),
    seenMs: new Float64Array(new SharedArrayBuffer(PLACES * 8)),
    slips: new Uint32Array(new SharedArrayBuffer(PLACES * 4)),
    owners: new Uint32Array(new SharedArrayBuffer(PLACES * 4)),
  };
}

/**
 * A bucket of tokens for each network of clients. A table of fixed size: who spoofs addresses
 * cannot make it grow, and cannot choose networks that meet in one place, since the seed is secret.
 * Two threads that look at one bucket in the same instant may take one token for both.
 */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #table: RateTable;

  constructor(limit: RateLimit, table: RateTable) {
    this.#limit = limit;
    this.#table = table;
  }

  /** @returns a value of LIMITED: answer, be silent, or send a reply that is cut */
  judge(client: Client, nowMs: number): number {
    const { responsesPerSecond, slip } = this.#limit;
    const hash = this.#hashOf(client);
    const place = hash & (PLACES - 1);
    const table = this.#table;
    let tokens = table.tokens[place] as number;
    if (table.owners[place] === hash) {
      const since = Math.max(0, nowMs - (table.seenMs[place] as number));
      tokens = Math.min(responsesPerSecond, tokens + (since * responsesPerSecond) / 1000);
    } else {
      table.owners[place] = hash;
      tokens = responsesPerSecond;
    }
    table.seenMs[place] = nowMs;
    if (tokens >= 1) {
      table.tokens[place] = tokens - 1;
      return LIMITED.no;
    }
    table.tokens[place] = tokens;
    const slips = ((table.slips[place] as number) + 1) >>> 0;
    table.slips[place] = slips;
    return slip > 0 && slips % slip === 0 ? LIMITED.slip : LIMITED.drop;
  }

  /** The network's bits, mixed; 32 bits that are kept beside the tokens to tell networks apart. */
  #hashOf({ family, words }: Client): number {
    const { prefix4, prefix6 } = this.#limit;
    let hash = this.#table.seed ^ family;
    const bits = family === 4 ? prefix4 : prefix6;
    for (let k = 0; k * 32 < bits; k++) {
      const left = bits - k * 32;
      const word = words[k] as number;
      hash ^= left >= 32 ? word : word & ~(2 ** (32 - left) - 1);
      hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
      hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
      hash ^= hash >>> 16;
    }
    return hash >>> 0;
  }
}
