import fs from 'node:fs';
import { gunzipSync } from 'node:zlib';

import { reasonOf } from '../../util/system-error.js';
import type { GlobalAccess } from '../index/compile.js';
import type { ZoneSource } from '../zone/zone-source.js';
import { makeZone } from './make-zone.js';
import {
  type Dataset,
  type DatasetReading,
  type DatasetType,
  type ZoneFile,
  readDataset,
} from './read-dataset.js';
import type { ReadSettings } from './set-reader.js';
import type { Warning } from './warnings.js';

/** A dataset as the command line names it: `type:file,file…`. */
export interface DatasetSpec {
  readonly type: DatasetType;
  readonly files: readonly string[];
}

/** A zone as the command line names it, all its words together. Plain data. */
export interface ZoneSpec {
  /** Wire form, lower case. */
  readonly name: Uint8Array;
  readonly datasets: readonly DatasetSpec[];
  readonly acl?: DatasetSpec;
}

export interface LoadSettings extends ReadSettings {
  /** False with `-C`: a compressed file fails. */
  readonly decompress: boolean;
}

/** What came of a dataset's files. */
export interface LoadedDataset extends DatasetReading {
  readonly spec: DatasetSpec;
}

/** What came of a zone: what it holds, or why there is nothing new and the old one should stay. */
export interface LoadedZone {
  readonly name: Uint8Array;
  readonly zone?: ZoneSource;
  readonly failure?: string;
}

/** Everything that was loaded: plain data with columns in shared memory, to be posted to a thread. */
export interface LoadResult {
  readonly zones: readonly LoadedZone[];
  /** The acl for all clients, whatever they ask for. */
  readonly globalAccess?: GlobalAccess;
  /** Why the global acl could not be read; the old one should stay. */
  readonly globalFailure?: string;
  /** A dataset that serves several zones is read once, and stands here once. */
  readonly datasets: readonly {
    readonly spec: DatasetSpec;
    readonly failure?: string;
    readonly entryCount: number;
    readonly warnings: readonly Warning[];
    readonly warningCount: number;
  }[];
}

/** What is to be loaded. Plain data. */
export interface LoadRequest {
  readonly zones: readonly ZoneSpec[];
  readonly globalAcl?: DatasetSpec;
  readonly settings: LoadSettings;
}

/**
 * Reads the files of zones, relative to the working folder. Nothing is thrown for a file: where
 * one is missing, changes while it is read, or cannot be understood, its zones have a `failure`.
 * Synchronous, for a worker thread: a million addresses keep it busy for tenths of a second.
 */
export function loadZones({ zones, globalAcl, settings }: LoadRequest): LoadResult {
  const loaded = new Map<string, LoadedDataset>();
  const load = (spec: DatasetSpec): LoadedDataset => {
    const key = JSON.stringify([spec.type, spec.files]);
    let dataset = loaded.get(key);
    if (dataset === undefined) {
      dataset = { spec, ...loadDataset(spec, settings) };
      loaded.set(key, dataset);
    }
    return dataset;
  };
  const global = globalAcl && load(globalAcl);
  const result = zones.map((zone) => joinZone(zone, load));
  return {
    zones: result,
    ...(global?.dataset?.access && {
      globalAccess: { layers: global.dataset.access, answers: global.dataset.answers },
    }),
    ...(global?.failure !== undefined && { globalFailure: global.failure }),
    datasets: [...loaded.values()].map(({ spec, dataset, failure, warnings, warningCount }) => ({
      spec,
      entryCount: dataset?.entryCount ?? 0,
      warnings,
      warningCount,
      ...(failure !== undefined && { failure }),
    })),
  };
}

function joinZone(
  { name, datasets, acl }: ZoneSpec,
  load: (spec: DatasetSpec) => LoadedDataset,
): LoadedZone {
  const parts: Dataset[] = [];
  for (const part of [...datasets, ...(acl === undefined ? [] : [acl])].map(load)) {
    if (part.dataset === undefined) return { name, failure: part.failure ?? 'not read' };
    parts.push(part.dataset);
  }
  const access = acl === undefined ? undefined : parts.pop();
  return { name, zone: makeZone(name, parts, access) };
}

/** Reads the files of one dataset. */
export function loadDataset(spec: DatasetSpec, settings: LoadSettings): DatasetReading {
  const files: ZoneFile[] = [];
  for (const path of spec.files) {
    const file = readZoneFile(path, settings.decompress);
    if (typeof file === 'string') return { failure: file, warnings: [], warningCount: 0 };
    files.push(file);
  }
  return readDataset(spec.type, files, settings);
}

/** A file, decompressed where it is gzip's; or why it could not be had, as a sentence. */
function readZoneFile(path: string, decompress: boolean): ZoneFile | string {
  let bytes: Buffer;
  let modifiedMs: number;
  try {
    const file = fs.openSync(path, 'r');
    try {
      const before = fs.fstatSync(file);
      bytes = fs.readFileSync(file);
      const after = fs.fstatSync(file);
      if (before.mtimeMs !== after.mtimeMs || before.size !== after.size) {
        return `${path}: changed while it was read; write to a temporary file and rename it`;
      }
      modifiedMs = before.mtimeMs;
    } finally {
      fs.closeSync(file);
    }
  } catch (error) {
    return `${path}: ${reasonOf(error)}`;
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return { name: path, bytes, modifiedMs };
  if (!decompress) return `${path}: compressed, which -C does not allow`;
  try {
    return { name: path, bytes: gunzipSync(bytes), modifiedMs };
  } catch (error) {
    return `${path}: cannot be decompressed: ${reasonOf(error)}`;
  }
}
