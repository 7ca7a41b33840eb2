import type { ZoneAnswer } from '../zone/zone-source.js';

/** Answers of a zone, each once. */
export class ZoneAnswers {
  readonly all: ZoneAnswer[] = [];
  readonly #numbers = new Map<string, number>();

  /**
   * Number of the answer that `make` makes, made at the first call with the key.
   *
   * @param key equal where the answers are
   */
  numberOf(key: string, make: () => ZoneAnswer): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.all.push(make()) - 1;
    this.#numbers.set(key, number);
    return number;
  }
}
