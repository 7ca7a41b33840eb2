import fs from 'node:fs';
import { gunzipSync } from 'node:zlib';

import { reasonOf } from '../../util/system-error.js';
import type { GlobalAccess } from '../index/compile.js';
import type { ZoneSource } from '../zone/zone-source.js';
import { NEWLINE } from './line.js';
import { makeZone } from './make-zone.js';
import {
  type Dataset,
  type DatasetReading,
  type DatasetType,
  Unreadable,
  type ZoneFile,
  readDataset,
} from './read-dataset.js';
import type { ReadSettings } from './set-reader.js';
import type { Warning } from './warnings.js';

/** So much of a file is in memory; a longer line makes it more. */
const PIECE_BYTES = 1 << 18;

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
function loadDataset(spec: DatasetSpec, settings: LoadSettings): DatasetReading {
  const files = spec.files.map((path) => new FileOnDisk(path, settings.decompress));
  return readDataset(spec.type, files, settings);
}

/** A file that is read in pieces, decompressed where it is gzip's. */
class FileOnDisk implements ZoneFile {
  readonly name: string;
  readonly #decompress: boolean;
  modifiedMs = 0;

  constructor(path: string, decompress: boolean) {
    this.name = path;
    this.#decompress = decompress;
  }

  /** @throws Unreadable with the reason as a sentence */
  get pieces(): Iterable<Uint8Array> {
    return this.#read();
  }

  *#read(): Generator<Uint8Array> {
    const file = this.#try(() => fs.openSync(this.name, 'r'));
    try {
      const before = fs.fstatSync(file);
      this.modifiedMs = before.mtimeMs;
      const first = Buffer.allocUnsafe(2);
      const isGzip =
        this.#try(() => fs.readSync(file, first, 0, 2, 0)) === 2 && first.readUInt16BE() === 0x1f8b;
      if (isGzip) yield this.#decompressed(file);
      else yield* this.#wholeLines(file);
      const after = fs.fstatSync(file);
      if (before.mtimeMs !== after.mtimeMs || before.size !== after.size) {
        throw new Unreadable(
          `${this.name}: changed while it was read; write to a temporary file and rename it`,
        );
      }
    } finally {
      fs.closeSync(file);
    }
  }

  /** Pieces of one and the same memory. */
  *#wholeLines(file: number): Generator<Uint8Array> {
    let memory = Buffer.allocUnsafe(PIECE_BYTES);
    let kept = 0;
    for (let from = 0; ;) {
      if (kept === memory.length) memory = Buffer.concat([memory], 2 * memory.length);
      const at = kept;
      const count = this.#try(() => fs.readSync(file, memory, at, memory.length - at, from));
      if (count === 0) break;
      from += count;
      const end = kept + count;
      const whole = memory.subarray(0, end).lastIndexOf(NEWLINE) + 1;
      if (whole > 0) yield memory.subarray(0, whole);
      memory.copyWithin(0, whole, end);
      kept = end - whole;
    }
    if (kept > 0) yield memory.subarray(0, kept);
  }

  #decompressed(file: number): Uint8Array {
    if (!this.#decompress) {
      throw new Unreadable(`${this.name}: compressed, which -C does not allow`);
    }
    const bytes = this.#try(() => fs.readFileSync(file));
    try {
      return gunzipSync(bytes);
    } catch (error) {
      throw new Unreadable(`${this.name}: cannot be decompressed: ${reasonOf(error)}`);
    }
  }

  #try<Result>(call: () => Result): Result {
    try {
      return call();
    } catch (error) {
      throw new Unreadable(`${this.name}: ${reasonOf(error)}`);
    }
  }
}
