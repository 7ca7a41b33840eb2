import type { ZoneConfig } from '../../config/schema.js';
import { parseIPv4 } from '../../ip/address.js';
import { setOfFamily } from '../../ip/address-set.js';
import type { Family } from '../../ip/family.js';
import type { RangeSet } from '../../ip/range-set.js';
import type { List } from '../../lists/catalogue.js';
import type { CountryTable } from '../../sources/country-table.js';
import { sharedWords } from '../index/columns.js';
import type { AddressLayer, ZoneAnswer } from '../zone/zone-source.js';
import type { ZoneAnswers } from './answers.js';
import { countryLayers } from './country-layers.js';
import { clip, divide, flatten, layerOf, piecesOf } from './layers.js';
import { type ReasonSource, reasonLayers } from './reason-layers.js';
import { textParts, usesCountry, usesReason } from './text-template.js';

type ListedAs = ZoneConfig['lists'][string];

/** What the lists of one load are known by. */
export interface ListFacts extends ReasonSource {
  /** The countries of the registry data; empty where there is none. */
  readonly table: CountryTable;
}

/** Number of the reason of what no entry gives one. */
const NO_REASON = 0;

/** Makes the layers of one list of a zone, and its answers. */
export class ListLayers {
  readonly #list: List;
  readonly #as: ListedAs;
  readonly #ttlSeconds: number;
  readonly #answers: ZoneAnswers;
  readonly #facts: ListFacts;
  readonly #namedRanges: number;
  readonly #reasons: string[] = [''];
  readonly #reasonNumbers = new Map([['', NO_REASON]]);

  /** @param namedRanges number of the list's own */
  constructor(
    list: List,
    as: ListedAs,
    ttlMs: number,
    answers: ZoneAnswers,
    facts: ListFacts,
    namedRanges: number,
  ) {
    this.#list = list;
    this.#as = as;
    this.#ttlSeconds = Math.round(ttlMs / 1000);
    this.#answers = answers;
    this.#facts = facts;
    this.#namedRanges = namedRanges;
  }

  /** The addresses of the set, divided where the text tells country or reason. */
  layer(family: Family, set: RangeSet): AddressLayer {
    const { text = '' } = this.#as;
    const { name, countries } = this.#list;
    if (countries && usesCountry(text)) {
      const sets = countries.map(({ addresses }) => setOfFamily(addresses, family));
      const numbers = countries.map(({ cc }) => this.#answer(cc, ''));
      return clip(flatten(piecesOf(family, sets, numbers)), set);
    }
    const reasons = usesReason(text)
      ? reasonLayers(name, family, this.#facts, (reason) => this.#numberOf(reason))
      : [];
    const isByCountry = usesCountry(text) && this.#facts.table.size > 0;
    if (reasons.length === 0 && !isByCountry) return layerOf(set, this.#answer('', ''));
    // of several lists the first that gives a reason tells it
    const byReason = reasons.reduce(
      (layer, next) => divide(layer, next, (known, other = NO_REASON) => known || other),
      layerOf(set, NO_REASON),
    );
    return isByCountry ? this.#divideByCountry(byReason) : this.#answering(byReason);
  }

  testAnswer(): number {
    return this.#answer('ZZ', 'test entry');
  }

  #answering(byReason: AddressLayer): AddressLayer {
    const numbers = new Map<number, number>();
    const answers = sharedWords(byReason.answers.length);
    for (const [k, reason] of byReason.answers.entries()) {
      answers[k] = this.#known(numbers, reason, '', reason);
    }
    return { ...byReason, answers };
  }

  #divideByCountry(byReason: AddressLayer): AddressLayer {
    const { codes, of } = countryLayers(this.#facts.table);
    const numbers = new Map<number, number>();
    return divide(byReason, of(byReason.family), (reason, country = codes.length) =>
      this.#known(numbers, reason * (codes.length + 1) + country, codes[country] ?? '', reason),
    );
  }

  /** A number for the key is as good as the answer, and found without its text. */
  #known(numbers: Map<number, number>, key: number, cc: string, reason: number): number {
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const answer = this.#answer(cc, this.#reasons[reason] as string);
    numbers.set(key, answer);
    return answer;
  }

  #numberOf(reason: string): number {
    const known = this.#reasonNumbers.get(reason);
    if (known !== undefined) return known;
    const number = this.#reasons.push(reason) - 1;
    this.#reasonNumbers.set(reason, number);
    return number;
  }

  #answer(cc: string, reason: string): number {
    const { name } = this.#list;
    const { code, text } = this.#as;
    const ttlSeconds = this.#ttlSeconds;
    const prefix = `prefix ${this.#namedRanges}` as const;
    return this.#answers.numberOf(JSON.stringify([name, cc, reason]), (): ZoneAnswer => {
      const parts = text === undefined ? [] : textParts(text, { list: name, cc, reason }, prefix);
      return {
        records: [
          { type: 'A', ttlSeconds, address: parseIPv4(code) as number },
          ...(parts.length > 0 ? [{ type: 'TXT' as const, ttlSeconds, text: parts }] : []),
        ],
        lists: [name],
      };
    });
  }
}
