import fs from 'node:fs';
import { dirname, join } from 'node:path';

import { makeFolder, writeFileAtomically } from '../util/atomic-file.js';
import { systemErrorOf } from '../util/system-error.js';
import { isOneOf, lookAt } from './look.js';
import { RECORD_FILE, type WantedFile } from './places.js';
import { hashOf, readRecord, writeRecord } from './record.js';

/** What became of a file. */
export interface Placed {
  readonly path: string;
  readonly outcome: 'written' | 'replaced' | 'same' | 'kept' | 'left';
}

/**
 * Ending of a new text beside a file that somebody has changed. cron, logrotate, systemd and
 * OpenRC pass over names that end so.
 */
export const BESIDE = '.dpkg-dist';

/**
 * Brings files to what they should be, as dpkg does with configuration: a file that nobody
 * changed is replaced; of one that somebody changed, or that is somebody else's, the new text is
 * put beside it (`left`); an example that is there is kept. A second run changes nothing.
 *
 * What is written is recorded before, so that a run that was cut off can be taken back.
 *
 * @param prefix folder below which everything is put
 * @param state folder to make for the state, without prefix
 */
export function placeFiles(
  prefix: string,
  wanted: readonly WantedFile[],
  state: string,
): readonly Placed[] {
  const record = readRecord(prefix) ?? { files: {}, folders: [], state };
  const plans = wanted.map((file) => planFor(prefix, file, record.files[file.path]));
  for (const { file, target } of plans) {
    if (target === undefined) continue;
    const known = record.files[target] ?? [];
    record.files[target] = [...new Set([...known, hashOf(file.text)])];
  }
  const folders = [state, ...[RECORD_FILE, ...wanted.map(({ path }) => path)].map(dirname)];
  record.folders = [...new Set([...record.folders, ...missingFolders(prefix, folders)])];
  record.state = state;
  writeRecord(prefix, record);

  makeFolder(join(prefix, state));
  for (const { file, target, outcome } of plans) {
    if (target !== undefined && outcome !== 'same') {
      const path = join(prefix, target);
      makeFolder(dirname(path));
      writeFileAtomically(path, [file.text], { mode: file.mode, fsync: true });
    }
    if (outcome !== 'left') removeBeside(join(prefix, file.path), record.files, file.path);
  }
  return plans.map(({ file, outcome }) => ({ path: file.path, outcome }));
}

interface Plan {
  readonly file: WantedFile;
  readonly outcome: Placed['outcome'];
  /** The path that has, or is to have, the text; undefined where none is ours. */
  readonly target: string | undefined;
}

function planFor(prefix: string, file: WantedFile, known: readonly string[] | undefined): Plan {
  const { path, text, kind } = file;
  const found = lookAt(join(prefix, path));
  if (found === 'nothing') return { file, outcome: 'written', target: path };
  if (isOneOf(found, [hashOf(text)])) return { file, outcome: 'same', target: path };
  if (kind === 'example') return { file, outcome: 'kept', target: undefined };
  if (isOneOf(found, known)) return { file, outcome: 'replaced', target: path };
  return { file, outcome: 'left', target: path + BESIDE };
}

/** What has to be made of folders and those above them, those above first. */
function missingFolders(prefix: string, folders: readonly string[]): string[] {
  const missing = new Set<string>();
  for (const folder of folders) {
    for (let at = folder; at !== '/' && !fs.existsSync(join(prefix, at)); at = dirname(at)) {
      missing.add(at);
    }
  }
  return [...missing].sort();
}

/** A new text that lay beside is of no use once the file itself has it. */
function removeBeside(
  at: string,
  files: Readonly<Record<string, readonly string[]>>,
  path: string,
): void {
  const beside = at + BESIDE;
  if (!isOneOf(lookAt(beside), files[path + BESIDE])) return;
  try {
    fs.rmSync(beside);
  } catch (error) {
    throw systemErrorOf(error, 'cannot remove', beside);
  }
}
