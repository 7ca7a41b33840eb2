import { COUNTED, COUNTED_FIELDS, type Counters, newCounters } from '../answer/counters.js';
import { formatName } from '../wire/name.js';
import type { Generation } from './transport.js';

/** Counts of one zone, or of everything. */
export interface ZoneCounts {
  /** Answered with data. */
  readonly listed: number;
  /** Answered without data: name or type. */
  readonly empty: number;
  readonly nxdomain: number;
  readonly errors: number;
  readonly dropped: number;
  readonly limited: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface StatisticsSnapshot {
  readonly sinceMs: number;
  readonly zones: ReadonlyMap<string, ZoneCounts>;
  /** Queries that reached no zone included. */
  readonly all: ZoneCounts;
  /** How often each list was answered from. */
  readonly lists: ReadonlyMap<string, number>;
}

/** A thread may go on for so long with zones that were replaced. */
const LINGER_MS = 2000;
/** In place of a zone's name: what reached none. */
const NO_ZONE = '';

interface Counted {
  readonly generation: number;
  readonly names: readonly string[];
  readonly lists: readonly string[];
  readonly counters: Counters;
}

/** Adds up what every thread counts, over all generations of zones. */
export class Statistics {
  #live: Counted[] = [];
  readonly #zones = new Map<string, Float64Array>();
  readonly #lists = new Map<string, number>();
  #zonesBefore = new Map<string, Float64Array>();
  #listsBefore = new Map<string, number>();
  #sinceMs = Date.now();
  readonly #supersededMs = new Map<number, number>();

  /** Counters for one thread that answers from these zones. */
  countersFor({ number, compiled }: Generation): Counters {
    const { zones, answers } = compiled;
    const counters = newCounters(zones.length, answers.lists.length);
    const names = [...zones.map((zone) => formatName(zone.name)), NO_ZONE];
    for (const { generation } of this.#live) {
      if (generation !== number && !this.#supersededMs.has(generation)) {
        this.#supersededMs.set(generation, Date.now());
      }
    }
    this.#live.push({ generation: number, names, lists: answers.lists, counters });
    this.#retire();
    return counters;
  }

  read(): StatisticsSnapshot {
    const { zones, lists } = this.#totals();
    const since = new Map<string, ZoneCounts>();
    const sum = new Float64Array(COUNTED_FIELDS);
    for (const [name, counted] of zones) {
      const own = difference(counted, this.#zonesBefore.get(name));
      add(sum, own, 0);
      if (name !== NO_ZONE) since.set(name, countsOf(own));
    }
    for (const [name, count] of lists) {
      lists.set(name, count - (this.#listsBefore.get(name) ?? 0));
    }
    return { sinceMs: this.#sinceMs, zones: since, all: countsOf(sum), lists };
  }

  /** Begins to count anew. */
  reset(): void {
    const { zones, lists } = this.#totals();
    this.#zonesBefore = zones;
    this.#listsBefore = lists;
    this.#sinceMs = Date.now();
  }

  #totals(): { zones: Map<string, Float64Array>; lists: Map<string, number> } {
    const zones = new Map([...this.#zones].map(([name, counts]) => [name, counts.slice()]));
    const lists = new Map(this.#lists);
    for (const counted of this.#live) accumulate(counted, zones, lists);
    return { zones, lists };
  }

  /** Counters of zones that nobody answers from any more become sums. */
  #retire(): void {
    const beforeMs = Date.now() - LINGER_MS;
    this.#live = this.#live.filter((counted) => {
      if ((this.#supersededMs.get(counted.generation) ?? Infinity) > beforeMs) return true;
      accumulate(counted, this.#zones, this.#lists);
      return false;
    });
    for (const [generation, ms] of this.#supersededMs) {
      if (ms <= beforeMs) this.#supersededMs.delete(generation);
    }
  }
}

/** Lines as rbldnsd logs them at SIGUSR1: `ok` has or could have data, `err` are all refusals. */
export function statisticsLines(snapshot: StatisticsSnapshot, nowMs: number): string[] {
  const seconds = Math.floor((nowMs - snapshot.sinceMs) / 1000);
  const lines = [...snapshot.zones].map(
    ([name, counts]) => `stats for ${seconds}secs zone ${name.slice(0, 60)}:${fields(counts)}`,
  );
  lines.push(`stats for ${seconds}sec:${fields(snapshot.all)}`);
  for (const [name, count] of snapshot.lists) {
    lines.push(`stats for ${seconds}secs list ${name}: listed=${count}`);
  }
  return lines;
}

function fields({ listed, empty, nxdomain, errors, bytesIn, bytesOut }: ZoneCounts): string {
  const ok = listed + empty;
  return (
    ` tot=${ok + nxdomain + errors} ok=${ok} nxd=${nxdomain} err=${errors}` +
    ` in=${bytesIn} out=${bytesOut}`
  );
}

function accumulate(
  { names, lists, counters }: Counted,
  zoneSums: Map<string, Float64Array>,
  listSums: Map<string, number>,
): void {
  for (const [k, name] of names.entries()) {
    const sum = zoneSums.get(name) ?? new Float64Array(COUNTED_FIELDS);
    zoneSums.set(name, sum);
    add(sum, counters.zones, k * COUNTED_FIELDS);
  }
  for (const [k, name] of lists.entries()) {
    listSums.set(name, (listSums.get(name) ?? 0) + (counters.lists[k] as number));
  }
}

function add(sum: Float64Array, counted: Float64Array, from: number): void {
  for (let k = 0; k < COUNTED_FIELDS; k++) {
    sum[k] = (sum[k] as number) + (counted[from + k] as number);
  }
}

function difference(now: Float64Array, before: Float64Array | undefined): Float64Array {
  return now.map((value, k) => value - (before?.[k] ?? 0));
}

function countsOf(counted: Float64Array): ZoneCounts {
  const of = (field: keyof typeof COUNTED): number => counted[COUNTED[field]] as number;
  return {
    listed: of('listed'),
    empty: of('empty'),
    nxdomain: of('nxdomain'),
    errors: of('errors'),
    dropped: of('dropped'),
    limited: of('limited'),
    bytesIn: of('bytesIn'),
    bytesOut: of('bytesOut'),
  };
}
