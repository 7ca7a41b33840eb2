import { readFileSync, statSync } from 'node:fs';

import type { RegistryName } from '../config/registry-names.js';
import { codeOf } from '../util/errors.js';
import { systemErrorOf } from '../util/system-error.js';
import { parseSerial } from './statistics/serial.js';
import { parseFacts, storedPath } from './store.js';

/** How old a registry's stored file is. Times are milliseconds since 1970. */
export interface StoredAge {
  readonly registry: RegistryName;
  /** As in the file's header; undefined where there is no file, or nothing is known about it. */
  readonly serial?: string;
  /** The time that the serial stands for. */
  readonly serialTimeMs?: number;
  /** When it was downloaded; of a file that was put there by other means: when it changed. */
  readonly storedAtMs?: number;
}

/**
 * Tells the age of stored files by what stands beside them: without reading megabytes, so what is
 * told of a file that was exchanged by hand may be that of the one before.
 *
 * @throws SystemError where the system refuses to read
 */
export function storedAges(state: string, registries: readonly RegistryName[]): StoredAge[] {
  return registries.map((registry) => {
    const path = storedPath(state, registry);
    const changedMs = attempt(path, () => statSync(path, { throwIfNoEntry: false })?.mtimeMs);
    if (changedMs === undefined) return { registry };
    const factsPath = `${path}.json`;
    const facts = parseFacts(attempt(factsPath, () => readFileSync(factsPath, 'utf8')) ?? '');
    const serialTimeMs = facts && parseSerial(facts.serial);
    const fetchedMs = facts ? Date.parse(facts.fetchedAt) : NaN;
    return {
      registry,
      ...(facts && { serial: facts.serial }),
      ...(serialTimeMs !== undefined && { serialTimeMs }),
      storedAtMs: Number.isNaN(fetchedMs) ? changedMs : fetchedMs,
    };
  });
}

/** Time of the newest file by its own word; undefined where none has any. */
export function newestSerialMs(ages: readonly StoredAge[]): number | undefined {
  const times = ages.flatMap(({ serialTimeMs }) => serialTimeMs ?? []);
  return times.length > 0 ? Math.max(...times) : undefined;
}

function attempt<T>(path: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw systemErrorOf(error, 'cannot read', path);
  }
}
