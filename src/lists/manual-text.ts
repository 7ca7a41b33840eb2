import { type AddressRange, rangeKey } from '../ip/notation.js';
import { compareWords } from '../ip/words.js';
import { COMMENT, type Entry, FACT, parseManualList } from './manual.js';

/** An entry to be written. */
export interface NewEntry {
  /** The address as it is to stand in the file. */
  readonly text: string;
  readonly range: AddressRange;
  readonly reason?: string;
  readonly untilMs?: number;
  readonly author?: string;
  readonly sinceMs: number;
}

/**
 * The text of a manual list, to be edited line by line: comments, order and line ends stay, so
 * that the file remains what a person edits and keeps under version control.
 */
export class ManualText {
  readonly #lines: string[];
  /** The line end of each, empty where the last line has none. */
  readonly #ends: string[];
  /** That of most lines, for new ones. */
  readonly #end: string;
  /** Lines of each range, as indices. */
  readonly #places = new Map<string, number[]>();
  readonly #entries = new Map<number, Entry>();

  constructor(text: string) {
    const whole = [...text.matchAll(/(.*?)(\r?\n|$)/gs)].slice(0, -1);
    this.#lines = whole.map(([, line = '']) => line);
    this.#ends = whole.map(([, , end = '']) => end);
    const countOf = (wanted: string): number => this.#ends.filter((end) => end === wanted).length;
    this.#end = countOf('\r\n') > countOf('\n') ? '\r\n' : '\n';
    for (const entry of parseManualList(text).entries) {
      const place = entry.line - 1;
      this.#entries.set(place, entry);
      this.#placesOf(entry.range).push(place);
    }
  }

  get entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  /**
   * Adds an entry at the end, or in place of the lines of the very same range, whose reason it
   * keeps where it has none of its own.
   *
   * @returns false where the range already stands there with the same end and reason
   */
  add(given: NewEntry): boolean {
    const places = this.#placesOf(given.range);
    const [first] = places;
    const old = first === undefined ? undefined : this.#entries.get(first);
    const entry = { ...(old?.reason !== undefined && { reason: old.reason }), ...given };
    const isSame =
      old !== undefined && old.untilMs === entry.untilMs && old.reason === entry.reason;
    if (isSame && places.length === 1) return false;
    for (const place of places.splice(1)) this.#remove(place);
    const place = first ?? this.#lines.length;
    const [comment = ''] = COMMENT.exec(this.#lines[place] ?? '') ?? [];
    this.#lines[place] = lineOf(entry) + comment;
    const { text, range, reason, untilMs } = entry;
    this.#entries.set(place, {
      line: place + 1,
      text,
      range,
      ...(reason !== undefined && { reason }),
      ...(untilMs !== undefined && { untilMs }),
    });
    if (first === undefined) places.push(place);
    return true;
  }

  /**
   * Removes every entry that lies within the range.
   *
   * @returns what was removed
   */
  removeWithin(range: AddressRange): Entry[] {
    const removed = [...this.#entries].filter(([, entry]) => isWithin(entry.range, range));
    for (const [place, { range: own }] of removed) {
      this.#remove(place);
      const places = this.#placesOf(own);
      places.splice(places.indexOf(place), 1);
    }
    return removed.map(([, entry]) => entry);
  }

  /** Entries that hold part of the range, or all of it. */
  meeting(range: AddressRange): Entry[] {
    return [...this.#entries.values()].filter((entry) => meets(entry.range, range));
  }

  /**
   * Comments out the entries that have run out.
   *
   * @returns how many
   */
  expire(nowMs: number): number {
    let count = 0;
    for (const [place, entry] of this.#entries) {
      if (entry.untilMs === undefined || entry.untilMs > nowMs) continue;
      this.#lines[place] = `# expired: ${this.#lines[place] as string}`;
      this.#entries.delete(place);
      const places = this.#placesOf(entry.range);
      places.splice(places.indexOf(place), 1);
      count++;
    }
    return count;
  }

  toString(): string {
    const last = this.#lines.length - 1;
    return this.#lines
      .map((line, i) => {
        if (line === REMOVED) return '';
        const end = this.#ends[i] ?? this.#end;
        return line + (end === '' && i < last ? this.#end : end);
      })
      .join('');
  }

  /** The line stays as a mark, so that the places of others hold. */
  #remove(place: number): void {
    this.#lines[place] = REMOVED;
    this.#entries.delete(place);
  }

  #placesOf(range: AddressRange): number[] {
    const key = rangeKey(range);
    const known = this.#places.get(key);
    if (known) return known;
    const places: number[] = [];
    this.#places.set(key, places);
    return places;
  }
}

/** No line holds a line break. */
const REMOVED = '\n';

/** Why a reason cannot be written; undefined where it can. */
export function reasonFault(reason: string): string | undefined {
  if (/[\p{Cc}\u2028\u2029]/u.test(reason)) return 'a reason of one line';
  const words = reason.trim().split(/\s+/);
  if (words.some((word) => /^[#;]/.test(word))) {
    return 'a reason in which no word begins with # or ; (a comment would)';
  }
  const fact = words.find((word) => FACT.test(word));
  return fact === undefined ? undefined : `a reason without the word ${JSON.stringify(fact)}`;
}

function lineOf({ text, untilMs, sinceMs, author, reason }: NewEntry): string {
  const words = [text];
  if (untilMs !== undefined) words.push(`until=${timeText(untilMs)}`);
  words.push(`since=${timeText(sinceMs)}`);
  if (author !== undefined) words.push(`by=${author.replace(/\s+/g, '_')}`);
  if (reason !== undefined) words.push(reason.trim().replace(/\s+/g, ' '));
  return words.join(' ');
}

/** To the second, in UTC. */
function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

function isWithin(inner: AddressRange, outer: AddressRange): boolean {
  const { length } = inner.first;
  return (
    inner.family === outer.family &&
    compareWords(outer.first, 0, inner.first, 0, length) <= 0 &&
    compareWords(inner.last, 0, outer.last, 0, length) <= 0
  );
}

function meets(a: AddressRange, b: AddressRange): boolean {
  const { length } = a.first;
  return (
    a.family === b.family &&
    compareWords(a.first, 0, b.last, 0, length) <= 0 &&
    compareWords(b.first, 0, a.last, 0, length) <= 0
  );
}
