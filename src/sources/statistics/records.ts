import { type Family, wordsOf } from '../../ip/family.js';

/** Meaning of the status column; only `allocated` and `assigned` space is held by somebody. */
export const STATUS = { unknown: 0, allocated: 1, assigned: 2, available: 3, reserved: 4 } as const;

/** Whether a record with this status counts for its country. */
export function isDelegated(status: number): boolean {
  return status === STATUS.allocated || status === STATUS.assigned;
}

/** Country codes as small numbers: 0 for the empty code, else 1 + 26·first + second letter. */
export const COUNTRY_CODES = 1 + 26 * 26;

export function countryText(code: number): string {
  if (code === 0) return '';
  const n = code - 1;
  return String.fromCharCode(65 + Math.floor(n / 26), 65 + (n % 26));
}

/** The address records of one family, in the order of the file, in columns. */
export class RecordColumns {
  readonly family: Family;
  readonly words: 1 | 4;
  length = 0;
  countries: Uint16Array;
  statuses: Uint8Array;
  /** First and last address, `words` columns wide. */
  firsts: Uint32Array;
  lasts: Uint32Array;
  /** Offset of the record's line in the file, in bytes. */
  offsets: Uint32Array;

  constructor(family: Family, capacity: number) {
    this.family = family;
    this.words = wordsOf(family);
    this.countries = new Uint16Array(capacity);
    this.statuses = new Uint8Array(capacity);
    this.firsts = new Uint32Array(capacity * this.words);
    this.lasts = new Uint32Array(capacity * this.words);
    this.offsets = new Uint32Array(capacity);
  }

  /** Makes room for one more record, whose index is then `length`. */
  reserve(): void {
    if (this.length < this.countries.length) return;
    const capacity = Math.max(64, Math.ceil(this.countries.length * 1.5));
    this.countries = resized(this.countries, new Uint16Array(capacity));
    this.statuses = resized(this.statuses, new Uint8Array(capacity));
    this.firsts = resized(this.firsts, new Uint32Array(capacity * this.words));
    this.lasts = resized(this.lasts, new Uint32Array(capacity * this.words));
    this.offsets = resized(this.offsets, new Uint32Array(capacity));
  }
}

function resized<T extends Uint8Array | Uint16Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
