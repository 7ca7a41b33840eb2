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

/**
 * A bucket of tokens for each network of clients. A table of fixed size: who spoofs addresses
 * cannot make it grow, and cannot choose networks that meet in one place, since the seed is secret.
 */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #tokens = new Float64Array(PLACES);
  readonly #seenMs = new Float64Array(PLACES);
  readonly #slips = new Uint32Array(PLACES);
  readonly #owners = new Uint32Array(PLACES);
  readonly #seed: number;

  /** @param seed 32 random bits */
  constructor(limit: RateLimit, seed: number) {
    this.#limit = limit;
    this.#seed = seed;
  }

  /** @returns a value of LIMITED: answer, be silent, or send a reply that is cut */
  judge(client: Client, nowMs: number): number {
    const { responsesPerSecond, slip } = this.#limit;
    const hash = this.#hashOf(client);
    const place = hash & (PLACES - 1);
    let tokens = this.#tokens[place] as number;
    if (this.#owners[place] === hash) {
      const since = Math.max(0, nowMs - (this.#seenMs[place] as number));
      tokens = Math.min(responsesPerSecond, tokens + (since * responsesPerSecond) / 1000);
    } else {
      this.#owners[place] = hash;
      tokens = responsesPerSecond;
    }
    this.#seenMs[place] = nowMs;
    if (tokens >= 1) {
      this.#tokens[place] = tokens - 1;
      return LIMITED.no;
    }
    this.#tokens[place] = tokens;
    const slips = ((this.#slips[place] as number) + 1) >>> 0;
    this.#slips[place] = slips;
    return slip > 0 && slips % slip === 0 ? LIMITED.slip : LIMITED.drop;
  }

  /** The network's bits, mixed; 32 bits that are kept beside the tokens to tell networks apart. */
  #hashOf({ family, words }: Client): number {
    const { prefix4, prefix6 } = this.#limit;
    let hash = this.#seed ^ family;
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
