import type { ZoneAnswer, ZoneRecord } from '../zone/zone-source.js';
import { EXCLUDED } from '../zone/zone-source.js';
import { type Substitutions, parseTemplate } from './template.js';

/** What an entry answers with: an A record and the template of a TXT record. */
export interface Value {
  readonly address: number;
  /** One character a byte; empty for no TXT. */
  readonly text: string;
}

/** The answers of a file set: equal ones share an index. */
export class AnswerTable {
  readonly answers: ZoneAnswer[] = [];
  readonly #indices = new Map<string, number>();

  /** As rbldnsd answers: no record twice, and one TTL, the lowest, for the records of a type. */
  add(records: readonly ZoneRecord[]): number {
    const lowest = new Map<string, number>();
    for (const { type, ttlSeconds } of records) {
      lowest.set(type, Math.min(ttlSeconds, lowest.get(type) ?? ttlSeconds));
    }
    const distinct = new Map<string, ZoneRecord>();
    for (const record of records) {
      const ttlSeconds = lowest.get(record.type) as number;
      const key = keyOf(record);
      if (!distinct.has(key)) distinct.set(key, { ...record, ttlSeconds });
    }
    const key = [...distinct].map(([text, { ttlSeconds }]) => `${ttlSeconds} ${text}`).join('\n');
    let index = this.#indices.get(key);
    if (index === undefined) {
      index = this.answers.push({ records: [...distinct.values()] }) - 1;
      this.#indices.set(key, index);
    }
    return index;
  }

  /** What entries with these values answer: an A record each, and a TXT where there is a text. */
  addValues(values: readonly Value[], ttlSeconds: number, substitutions: Substitutions): number {
    const records: ZoneRecord[] = [];
    for (const { address, text } of values) {
      records.push({ type: 'A', ttlSeconds, address });
      const parts = parseTemplate(text, substitutions);
      if (parts.length > 0) records.push({ type: 'TXT', ttlSeconds, text: parts });
    }
    return this.add(records);
  }
}

/** Equal for equal data, whatever the TTL. */
function keyOf(record: ZoneRecord): string {
  if (record.type === 'A') return `A ${record.address}`;
  if (record.type === 'MX') {
    return `MX ${record.preference} ${Buffer.from(record.exchange).toString('hex')}`;
  }
  const parts = record.text.map((part) =>
    typeof part === 'string' ? `$${part}` : `=${Buffer.from(part).toString('hex')}`,
  );
  return `TXT ${parts.join(' ')}`;
}

/**
 * Sets of values, for entries that are listed more than once: all of their values answer, and
 * one exclusion among them excludes. The set of one value has that value's index.
 */
export class ValueSets {
  readonly #members: (readonly number[])[] = [];
  readonly #indices = new Map<string, number>();
  /** Sets of several values are numbered from here on. */
  static readonly #FIRST = 0x8000_0000;

  of(values: Iterable<number>): number {
    const members = [...new Set(values)].sort((a, b) => a - b);
    if (members.includes(EXCLUDED)) return EXCLUDED;
    if (members.length === 1) return members[0] as number;
    const key = members.join(' ');
    let index = this.#indices.get(key);
    if (index === undefined) {
      index = ValueSets.#FIRST + this.#members.push(members) - 1;
      this.#indices.set(key, index);
    }
    return index;
  }

  /** The set with one value more. */
  with(set: number, value: number): number {
    if (set === value) return set;
    return this.of([...this.members(set), value]);
  }

  members(set: number): readonly number[] {
    if (set < ValueSets.#FIRST || set === EXCLUDED) return [set];
    return this.#members[set - ValueSets.#FIRST] as readonly number[];
  }
}

/** A function from a set of values to its answer, made at the first call for each. */
export function answerOf(
  sets: ValueSets,
  values: readonly Value[],
  answers: AnswerTable,
  scope: { readonly ttlSeconds: number; readonly substitutions: Substitutions },
): (set: number) => number {
  const known = new Map<number, number>();
  return (set) => {
    let answer = known.get(set);
    if (answer === undefined) {
      const members = sets.members(set).map((value) => values[value] as Value);
      answer = answers.addValues(members, scope.ttlSeconds, scope.substitutions);
      known.set(set, answer);
    }
    return answer;
  };
}
