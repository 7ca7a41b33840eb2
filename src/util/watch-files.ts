import fs from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { codeOf } from './errors.js';

/** Changes that come so close together are one. */
const SETTLE_MS = 100;
/** But a file that never rests is told of all the same. */
const LONGEST_SETTLE_MS = 500;
/** Where the kernel does not tell (network file systems), looking at the files does. */
const POLL_MS = 5000;
/** Times of files come from a coarse clock, which lags. */
const CLOCK_LAG_MS = 20;
/** Whoever reads waits so often for files that were changed just now. */
const MOST_RESTS = 3;

/**
 * Tells when a file or the content of a folder changes, is replaced by another, goes or comes.
 * Folders are watched, not files: an editor or a tool that replaces a file leaves its old self
 * behind, and a watch with it.
 */
export class FileWatch {
  readonly #onChange: () => void;
  readonly #pollMs: number;
  #paths: readonly string[] = [];
  #watchers: fs.FSWatcher[] = [];
  #seen = new Map<string, string>();
  #poll: NodeJS.Timeout | undefined;
  #settle: NodeJS.Timeout | undefined;
  #firstMs = 0;

  constructor(onChange: () => void, pollMs = POLL_MS) {
    this.#onChange = onChange;
    this.#pollMs = pollMs;
  }

  /**
   * Watches these paths, and no others, from now on. Of a folder all that is in it counts, but not
   * in folders below.
   *
   * @param sinceMs what changed after this time (ms since 1970) is told of, too
   */
  watch(paths: readonly string[], sinceMs: number): void {
    const signatures = signaturesOf(paths);
    const isNews = signatures.some(([path, { text, changedMs }]) => {
      const before = this.#seen.get(path) ?? text;
      return text !== before || changedMs > sinceMs - CLOCK_LAG_MS;
    });
    this.#see(signatures);
    this.#paths = paths;
    this.#watchFolders();
    this.#poll ??= setInterval(() => {
      this.#look();
    }, this.#pollMs).unref();
    if (isNews) this.#noted();
  }

  /**
   * For whoever reads everything now, also what has just changed: that is not told of any more, as
   * long as it does not change again. Waits for as long as the times of files could not tell that,
   * some 20 ms after a change.
   */
  async rest(): Promise<void> {
    for (let k = 0; ; k++) {
      const signatures = signaturesOf([...this.#seen.keys()]);
      const newestMs = Math.max(...signatures.map(([, { changedMs }]) => changedMs));
      const leftMs = newestMs + CLOCK_LAG_MS - Date.now();
      // a time that is yet to come is another clock's
      if (leftMs < 0 || leftMs > CLOCK_LAG_MS || k === MOST_RESTS) {
        this.#see(signatures);
        clearTimeout(this.#settle);
        this.#settle = undefined;
        return;
      }
      await sleep(leftMs + 1);
    }
  }

  stop(): void {
    this.#closeWatchers();
    clearInterval(this.#poll);
    clearTimeout(this.#settle);
    this.#settle = undefined;
  }

  #see(signatures: readonly (readonly [string, Signature])[]): void {
    this.#seen = new Map(signatures.map(([path, { text }]) => [path, text]));
  }

  #closeWatchers(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  #watchFolders(): void {
    this.#closeWatchers();
    const { folders, awaited } = foldersOf(this.#paths);
    for (const [folder, names] of folders) {
      this.#watchFolder(folder, (name) => {
        // a file in a folder may be written to, which the folder does not show
        if (names === undefined) this.#noted();
        else if (name === null || names.has(name)) this.#look();
      });
    }
    for (const [folder, names] of awaited) {
      this.#watchFolder(folder, (name) => {
        if (name !== null && !names.has(name)) return;
        this.#watchFolders();
        this.#look();
      });
    }
  }

  /** @param onEvent given the name in it, where the kernel tells */
  #watchFolder(folder: string, onEvent: (name: string | null) => void): void {
    try {
      const watcher = fs.watch(folder, { persistent: false }, (_, name) => {
        onEvent(name);
      });
      // the folder itself went: looking at the files goes on
      watcher.on('error', () => {
        watcher.close();
      });
      this.#watchers.push(watcher);
    } catch {
      return; // it has just gone, or no watches are left (fs.inotify.max_user_watches): looking goes on
    }
  }

  #look(): void {
    let changed = false;
    for (const [path, before] of this.#seen) {
      const { text } = signatureOf(path);
      if (text === before) continue;
      this.#seen.set(path, text);
      changed = true;
    }
    if (changed) this.#noted();
  }

  #noted(): void {
    const nowMs = performance.now();
    if (this.#settle === undefined) this.#firstMs = nowMs;
    clearTimeout(this.#settle);
    const leftMs = Math.max(0, this.#firstMs + LONGEST_SETTLE_MS - nowMs);
    this.#settle = setTimeout(
      () => {
        this.#settle = undefined;
        this.#onChange();
      },
      Math.min(SETTLE_MS, leftMs),
    );
  }
}

/** One state of a file. */
interface Signature {
  readonly text: string;
  /** ms since 1970; -Infinity where it cannot be known. */
  readonly changedMs: number;
}

function signaturesOf(paths: readonly string[]): (readonly [string, Signature])[] {
  return paths.map((path) => [path, signatureOf(path)]);
}

/**
 * What tells one state of a file from the next, and when it last changed. That it cannot be looked
 * at (a circle of links, no right to its folder) is a state, too: whoever reads it says why.
 */
export function signatureOf(path: string): Signature {
  let stat: fs.BigIntStats | undefined;
  try {
    stat = fs.statSync(path, { throwIfNoEntry: false, bigint: true });
  } catch (error) {
    return { text: codeOf(error) ?? 'unreadable', changedMs: -Infinity };
  }
  if (stat === undefined) return { text: 'missing', changedMs: -Infinity };
  const { dev, ino, size, mtimeNs, ctimeNs } = stat;
  return {
    text: [dev, ino, size, mtimeNs, ctimeNs].join(' '),
    changedMs: Number(ctimeNs / 1_000_000n),
  };
}

interface Folders {
  /** What matters in each; undefined for all. */
  readonly folders: Map<string, Set<string> | undefined>;
  /** What has to come in each before there is a folder to watch. */
  readonly awaited: Map<string, Set<string>>;
}

/**
 * The folders to watch, and what in them; a folder that is itself named counts whole. A file behind
 * a symbolic link changes in its own folder, and another takes its place in that of the link.
 */
function foldersOf(paths: readonly string[]): Folders {
  const folders = new Map<string, Set<string> | undefined>();
  const awaited = new Map<string, Set<string>>();
  for (const path of paths) {
    if (isFolder(path)) {
      folders.set(path, undefined);
      continue;
    }
    for (const place of new Set([path, realPathOf(path)])) {
      const standing = standingPartOf(place);
      const folder = dirname(standing);
      if (standing !== place) {
        awaited.set(folder, (awaited.get(folder) ?? new Set()).add(basename(standing)));
        continue;
      }
      if (folders.has(folder) && folders.get(folder) === undefined) continue;
      const names = folders.get(folder) ?? new Set<string>();
      folders.set(folder, names.add(basename(place)));
    }
  }
  return { folders, awaited };
}

/** The path, or the first part of it that is in a folder which there is. */
function standingPartOf(path: string): string {
  let part = path;
  while (!isFolder(dirname(part)) && dirname(part) !== part) part = dirname(part);
  return part;
}

function isFolder(path: string): boolean {
  try {
    return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false; // it cannot be looked at, as its signature says
  }
}

function realPathOf(path: string): string {
  try {
    return fs.realpathSync(path);
  } catch {
    return path; // not there, or a link to nothing: the folder of the link tells when that changes
  }
}
