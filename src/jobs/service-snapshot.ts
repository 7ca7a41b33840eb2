import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { MilterSnapshot } from '../mta/milter/server/server.js';
import { codeOf, messageOf } from '../util/errors.js';
import { readUnixStream } from '../util/unix-stream.js';
import type { UpdateTrigger } from './last-update.js';

/** The services there are; each offers its snapshot at `STATE/services/NAME.sock`. */
const SERVICE_NAMES = ['run', 'serve', 'milter'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** What a service tells of itself. Times are ISO 8601, UTC; all counts are since its start. */
export interface ServiceSnapshot {
  readonly format: 1;
  readonly service: ServiceName;
  readonly pid: number;
  readonly version: string;
  readonly startedAt: string;
  /** Its configuration; null where the defaults are all there is. */
  readonly configFile: string | null;
  /** When its configuration was last read with success. */
  readonly configuredAt: string;
  /** When the next update is due; null where there is no schedule. */
  readonly nextRunAt: string | null;
  /** When a feed is asked for by its own interval; none where no feed has one. */
  readonly nextFeedAt?: string;
  /** Updates that it made, the newest first, at most ten. */
  readonly lastRuns: readonly RunSnapshot[];
  /** Its parts by name, such as `dnsbl`, `metrics`. */
  readonly parts: Readonly<Record<string, PartSnapshot>>;
  readonly dnsbl?: DnsblSnapshot;
  readonly milter?: MilterSnapshot;
  readonly drift?: DriftSnapshot;
  readonly hits?: HitsSnapshot;
  /** What a person should know now, a line each. */
  readonly warnings: readonly string[];
}

export interface RunSnapshot {
  readonly trigger: UpdateTrigger;
  readonly startedAt: string;
  readonly endedAt: string;
  /** As `sekisho update` would have ended; null where its process was killed. */
  readonly exitCode: number | null;
}

export interface PartSnapshot {
  readonly state: 'starting' | 'running' | 'failed' | 'stopped';
  /** How often it was started again after it had died. */
  readonly restarts: number;
  /** Why it died last. */
  readonly lastFault?: string;
  /** What the part tells of itself, in a shape of its own. */
  readonly facts?: unknown;
}

export interface DnsblSnapshot {
  /** As `127.0.0.1:5300`. */
  readonly listen: readonly string[];
  readonly zones: readonly ZoneSnapshot[];
  readonly totals: DnsblCounts;
  /** Queries a second over the last minute, or since the start where that is shorter. */
  readonly ratePerSecond: number;
  /** How often each list was answered from. */
  readonly listedByList: Readonly<Record<string, number>>;
  /** When zones were last loaded. */
  readonly loadedAt: string | null;
}

export interface ZoneSnapshot extends DnsblCounts {
  /** Never with a key. */
  readonly name: string;
  /** `ready`, or `failed` where it has no content and answers SERVFAIL. */
  readonly state: string;
  /** Of its SOA record. */
  readonly serial: number | null;
  /** Ranges and names that it holds, names above those included. */
  readonly entries: number;
}

export interface DnsblCounts {
  readonly queries: number;
  /** Answered with data. */
  readonly listed: number;
  readonly empty: number;
  readonly nxdomain: number;
  readonly errors: number;
  readonly dropped: number;
  readonly limited: number;
}

export interface DriftSnapshot {
  /** When kernel and configuration were last compared; null: not yet. */
  readonly lastCheckAt: string | null;
  /** When what differed was last put right. */
  readonly lastRepairAt: string | null;
  readonly repairs: number;
  /** Lines that say what differed at the last repair; the first 20. */
  readonly lastDifference: readonly string[];
  /** Why nothing is repaired now, such as an apply that waits for its confirmation. */
  readonly heldBack: string | null;
}

export interface HitsSnapshot {
  readonly lastCollectedAt: string | null;
}

/** Services that answered, and a line for each that is there and did not. */
export interface ServiceLook {
  readonly snapshots: readonly ServiceSnapshot[];
  readonly faults: readonly string[];
}

/** A host under load, when people ask, answers late. */
const TIMEOUT_MS = 2000;
const LONGEST_BYTES = 4 * 2 ** 20;

/** Where a service offers its snapshot: whoever connects gets one JSON document and the end. */
export function serviceSocketPath(state: string, service: ServiceName): string {
  return join(state, 'services', `${service}.sock`);
}

/** The snapshots of the services that run, and which is there and cannot be asked. */
export async function lookAtServices(state: string): Promise<ServiceLook> {
  const snapshots: ServiceSnapshot[] = [];
  const faults: string[] = [];
  await Promise.all(
    SERVICE_NAMES.map(async (service) => {
      const path = serviceSocketPath(state, service);
      try {
        if (!existsSync(path)) return;
        const text = await readUnixStream(path, { timeoutMs: TIMEOUT_MS, maxBytes: LONGEST_BYTES });
        const snapshot = JSON.parse(text) as Partial<ServiceSnapshot>;
        if (snapshot.service !== service) throw new Error('it told of something else');
        snapshots.push(snapshot as ServiceSnapshot);
      } catch (error) {
        if (GONE.has(codeOf(error) ?? '')) return; // a socket that a killed service left
        faults.push(`sekisho ${service} cannot be asked at ${path}: ${messageOf(error)}`);
      }
    }),
  );
  const place = ({ service }: ServiceSnapshot): number => SERVICE_NAMES.indexOf(service);
  return { snapshots: snapshots.sort((a, b) => place(a) - place(b)), faults };
}

const GONE = new Set(['ENOENT', 'ECONNREFUSED']);
