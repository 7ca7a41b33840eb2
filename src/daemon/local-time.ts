/** A moment as clocks on the wall show it. */
export interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const FORMATS = new Map<string, Intl.DateTimeFormat>();

/** The time zone of this host (TZ, or /etc/localtime). */
export function hostZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** How much a zone's clocks are ahead of UTC at a moment, in milliseconds. */
function offsetAt(timeMs: number, zone: string): number {
  const wall = wallTimeAt(timeMs, zone);
  return asIfUtc(wall) - Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
}

/** To the minute. */
export function wallTimeAt(timeMs: number, zone: string): WallTime {
  const fields: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(timeMs)) fields[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = fields;
  return { year, month, day, hour, minute };
}

/** The moment in milliseconds since 1970 at which clocks of UTC show this. */
function asIfUtc({ year, month, day, hour, minute }: WallTime): number {
  return Date.UTC(year, month - 1, day, hour, minute);
}

/**
 * The moments at which clocks of a zone show this: one; none where they are put forward over it;
 * two where they are put back to before it. The earliest first.
 */
export function momentsOf(wall: WallTime, zone: string): number[] {
  const showing = asIfUtc(wall);
  const offsets = new Set([offsetAt(showing - DAY_MS, zone), offsetAt(showing + DAY_MS, zone)]);
  const moments = [...offsets].map((offset) => showing - offset);
  if (moments.length === 1) return moments;
  return moments.filter((moment) => showing - offsetAt(moment, zone) === moment).sort(ascending);
}

/** The moment at which the clocks of a zone are put forward over a time that they never show. */
export function jumpOver(wall: WallTime, zone: string): number {
  const showing = asIfUtc(wall);
  let before = showing - DAY_MS;
  let after = showing + DAY_MS;
  const old = offsetAt(before, zone);
  while (after - before > MINUTE_MS) {
    const middle = before + Math.floor((after - before) / 2 / MINUTE_MS) * MINUTE_MS;
    if (offsetAt(middle, zone) === old) before = middle;
    else after = middle;
  }
  return after;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = FORMATS.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  FORMATS.set(zone, made);
  return made;
}

function ascending(a: number, b: number): number {
  return a - b;
}
