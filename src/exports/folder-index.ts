import { readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { writeFileAtomically } from '../util/atomic-file.js';
import { codeOf } from '../util/errors.js';
import { systemErrorOf } from '../util/system-error.js';

/** Of a folder into which lists are exported: what was written there. */
export const INDEX_FILE = '.sekisho-export.json';

/** What an export was asked for: each forgets only files of its own. */
export interface Selection {
  /** Such as `all cidr`. */
  readonly name: string;
  /** Lists that are meant and could not be made now: their files stay. */
  readonly mayLack: (list: string) => boolean;
}

export interface WrittenFile {
  /** Without its folder. */
  readonly name: string;
  readonly list: string;
}

export interface Leftovers {
  /** Files that were removed, by name. */
  readonly removed: readonly string[];
  /** Files that may be left over, and stay: somebody else's, or changed since. */
  readonly left: readonly string[];
}

interface IndexedFile {
  readonly list: string;
  readonly size: number;
  /** Milliseconds since 1970, as stat(2) tells it. */
  readonly mtimeMs: number;
}

type Index = Record<string, Record<string, IndexedFile>>;

/**
 * Removes files of lists that are no longer exported, where the folder's index says that the same
 * export wrote them and nobody changed them since; and writes down what stands there now.
 *
 * @param written all files of this export, those that were right already, too
 * @param looksOurs tells by its name whether a file may be one of a list, of which no index tells
 * @throws SystemError where the folder cannot be read or written
 */
export function forgetLeftovers(
  folder: string,
  { name: selection, mayLack }: Selection,
  written: readonly WrittenFile[],
  looksOurs: (name: string) => boolean,
): Leftovers {
  const index = readIndex(folder);
  const { [selection]: before = {}, ...others } = index;
  const isOthers = (name: string): boolean =>
    Object.values(others).some((files) => Object.hasOwn(files, name));
  const now: Record<string, IndexedFile> = {};
  for (const { name, list } of written) {
    const stats = statOf(join(folder, name));
    if (stats !== undefined) now[name] = { list, ...stats };
  }
  const removed: string[] = [];
  const left: string[] = [];
  for (const [name, file] of Object.entries(before)) {
    if (Object.hasOwn(now, name) || isOthers(name)) continue;
    const stats = statOf(join(folder, name));
    if (stats === undefined) continue;
    if (mayLack(file.list)) now[name] = file;
    else if (stats.size !== file.size || stats.mtimeMs !== file.mtimeMs) left.push(name);
    else {
      remove(join(folder, name));
      removed.push(name);
    }
  }
  const isKnown = (name: string): boolean =>
    Object.hasOwn(now, name) || Object.hasOwn(before, name) || isOthers(name);
  left.push(...namesIn(folder).filter((name) => looksOurs(name) && !isKnown(name)));
  const after = { format: 1, exports: { ...others, [selection]: now } };
  writeFileAtomically(join(folder, INDEX_FILE), [`${JSON.stringify(after, undefined, 1)}\n`]);
  return { removed, left };
}

/** Nothing where there is none, or it is none of ours: then nothing is removed. */
function readIndex(folder: string): Index {
  try {
    const text = readFileSync(join(folder, INDEX_FILE), 'utf8');
    const index = JSON.parse(text) as { format?: unknown; exports?: Index } | null;
    return index?.format === 1 && typeof index.exports === 'object' ? index.exports : {};
  } catch (error) {
    if (error instanceof SyntaxError || codeOf(error) === 'ENOENT') return {};
    throw systemErrorOf(error, 'cannot read', join(folder, INDEX_FILE));
  }
}

function statOf(path: string): { size: number; mtimeMs: number } | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? { size: stats.size, mtimeMs: stats.mtimeMs } : undefined;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw systemErrorOf(error, 'cannot read', folder);
  }
}

function remove(path: string): void {
  try {
    rmSync(path);
  } catch (error) {
    throw systemErrorOf(error, 'cannot remove', path);
  }
}
