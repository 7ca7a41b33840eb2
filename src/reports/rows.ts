/** What was denied by one rule on account of one list: of one address, or of addresses unknown. */
export interface DeniedRow {
  readonly rule: string;
  /** `outside` where an `only` rule denied. */
  readonly list: string;
  /** Null: packets that were counted and whose address the kernel did not remember. */
  readonly address: string | null;
  readonly packets: number;
  /** The earliest and the latest sighting that is known; ISO 8601, UTC, milliseconds. */
  readonly first: string;
  readonly last: string;
}

/** Rows of a time, by UTC day (`2026-11-21`). */
export type RowsByDay = ReadonlyMap<string, readonly DeniedRow[]>;

/** The UTC day of a time as ISO 8601. */
function dayOf(time: string): string {
  return time.slice(0, 10);
}

/** The UTC day so many days before the one of a time, milliseconds since 1970. */
export function dayBefore(nowMs: number, days: number): string {
  return dayOf(new Date(nowMs - days * 86_400_000).toISOString());
}

/** Rows of the same rule, list and address become one. Pure. */
export function mergeRows(...parts: readonly (readonly DeniedRow[])[]): DeniedRow[] {
  const merged = new Map<string, DeniedRow>();
  for (const row of parts.flat()) {
    const key = keyOf(row);
    const other = merged.get(key);
    merged.set(key, other === undefined ? row : joined(other, row));
  }
  return [...merged.values()];
}

/** Rows by the day of their last sighting. Pure. */
export function rowsByDay(rows: readonly DeniedRow[]): RowsByDay {
  const days = new Map<string, DeniedRow[]>();
  for (const row of rows) {
    const day = dayOf(row.last);
    const others = days.get(day);
    if (others === undefined) days.set(day, [row]);
    else others.push(row);
  }
  return new Map([...days].map(([day, those]) => [day, mergeRows(those)]));
}

function joined(a: DeniedRow, b: DeniedRow): DeniedRow {
  return {
    ...a,
    packets: a.packets + b.packets,
    first: a.first < b.first ? a.first : b.first,
    last: a.last > b.last ? a.last : b.last,
  };
}

/** Names of rules and lists hold no space. */
export function groupOf({ rule, list }: { readonly rule: string; readonly list: string }): string {
  return `${rule} ${list}`;
}

function keyOf(row: DeniedRow): string {
  return `${groupOf(row)} ${row.address ?? ''}`;
}
