import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';

import type { RegistryName } from '../config/registry-names.js';
import { makeFolder, removeLeftovers, writeFileAtomically } from '../util/atomic-file.js';
import { codeOf } from '../util/errors.js';
import { systemErrorOf } from '../util/system-error.js';

/** What is known about a stored file beside its content. */
export interface StoredFacts {
  /** Where it came from; its validators are that server's. */
  readonly url: string;
  readonly etag?: string | undefined;
  /** As in the `Last-Modified` header. */
  readonly lastModified?: string | undefined;
  /** As in the file's header. */
  readonly serial: string;
  readonly edition: 'plain' | 'extended';
  /** Bytes. */
  readonly size: number;
  /** Hexadecimal, small letters. */
  readonly sha256: string;
  /** ISO 8601, UTC. */
  readonly fetchedAt: string;
}

/** The last good file of a registry. */
export interface StoredFile {
  readonly registry: RegistryName;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  /** Undefined where nothing is written down about exactly these bytes. */
  readonly facts: StoredFacts | undefined;
}

/** The folder of last good files below a state folder. */
export function sourcesFolder(state: string): string {
  return join(state, 'sources');
}

/** Where the last good file of a registry is, or would be. */
export function storedPath(state: string, registry: RegistryName): string {
  return join(sourcesFolder(state), `delegated-${registry}`);
}

/**
 * Reads the last good file of a registry; undefined where there is none. Its facts stand in a
 * second file, which is believed only where it speaks of exactly these bytes: a run that was
 * killed between the two renames leaves a new file with the old facts, and loses nothing but
 * the conditional request of the next run.
 *
 * @throws SystemError where the system refuses to read
 */
export function readStored(state: string, registry: RegistryName): StoredFile | undefined {
  const path = storedPath(state, registry);
  const bytes = readIfThere(path);
  if (bytes === undefined) return undefined;
  const sha256 = sha256Of(bytes);
  const facts = parseFacts(readIfThere(`${path}.json`)?.toString('utf8') ?? '');
  const fit = facts?.size === bytes.length && facts.sha256 === sha256;
  return { registry, path, bytes, sha256, facts: fit ? facts : undefined };
}

/**
 * Makes the folders where they are missing and removes what a killed run left in them. Only for
 * who holds the lock of the state folder.
 *
 * @throws SystemError where the system refuses
 */
export function prepareStore(state: string): void {
  makeFolder(state);
  makeFolder(sourcesFolder(state));
  removeLeftovers(sourcesFolder(state));
}

/**
 * Puts a file in the place of the last good one, on the disk before this returns. First the
 * file, then its facts; see `readStored` for what a kill between the two does.
 *
 * @throws SystemError where the system refuses; the old file is whole then
 */
export function installFile(
  state: string,
  registry: RegistryName,
  bytes: Uint8Array,
  facts: StoredFacts,
): void {
  writeFileAtomically(storedPath(state, registry), [bytes], { fsync: true });
  writeFacts(state, registry, facts);
}

/** Writes what is known about the file that is stored already. */
export function writeFacts(state: string, registry: RegistryName, facts: StoredFacts): void {
  const text = `${JSON.stringify(facts, undefined, 2)}\n`;
  writeFileAtomically(`${storedPath(state, registry)}.json`, [text], { fsync: true });
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return fs.readFileSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw systemErrorOf(error, 'cannot read', path);
  }
}

/** What `writeFacts` wrote; undefined where the text is nothing of the kind. */
export function parseFacts(text: string): StoredFacts | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // then the file speaks for itself
    throw error;
  }
  return isFacts(value) ? value : undefined;
}

function isFacts(value: unknown): value is StoredFacts {
  if (typeof value !== 'object' || value === null) return false;
  const facts = value as Record<string, unknown>;
  return (
    ['url', 'serial', 'sha256', 'fetchedAt'].every((key) => typeof facts[key] === 'string') &&
    ['etag', 'lastModified'].every((key) => ['string', 'undefined'].includes(typeof facts[key])) &&
    (facts['edition'] === 'plain' || facts['edition'] === 'extended') &&
    typeof facts['size'] === 'number'
  );
}
