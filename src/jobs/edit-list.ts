import { readFileSync } from 'node:fs';

import type { LoadedConfig } from '../config/load.js';
import { type ListChangeOutcome, changeList } from '../firewall/change-list.js';
import { FirewallFolder } from '../firewall/generations.js';
import { contentsOf } from '../lists/manual.js';
import { ManualText } from '../lists/manual-text.js';
import { UsageError, codeOf } from '../util/errors.js';
import { writeFileAtomically } from '../util/atomic-file.js';
import { decodeLossless, encodeLossless } from '../util/lossless-text.js';
import { systemErrorOf } from '../util/system-error.js';

/** What became of an edit. */
export interface ListEdit {
  readonly isChanged: boolean;
  /**
   * What the kernel was told; undefined where there is nothing to tell it. `waiting`: no apply may
   * come now, and `followWaiting` is to be called.
   */
  readonly kernel: ListChangeOutcome | 'waiting' | undefined;
}

/**
 * The file of a list that a person keeps.
 *
 * @throws UsageError where the list is not there or is no such list
 */
export function manualListFile(loaded: LoadedConfig, list: string): string {
  const { lists } = loaded.config;
  const definition = Object.hasOwn(lists, list) ? lists[list] : undefined;
  const manual = Object.entries(lists).flatMap(([name, { file }]) => (file ? [name] : []));
  const known =
    manual.length > 0 ? `one of ${manual.join(', ')}` : 'a list with a file below lists';
  if (definition === undefined) {
    throw new UsageError(
      `found no list ${list} in ${loaded.file ?? 'the configuration'}; expected ${known}`,
    );
  }
  if (definition.file === undefined) {
    throw new UsageError(`list ${list} is not kept in a file by hand; expected ${known}`);
  }
  return loaded.resolvePath(definition.file);
}

/**
 * Edits the file of a manual list, then the kernel: in this order, so that whoever is cut off in
 * between leaves what the next update applies. The caller holds the lock of the state. A DNSBL
 * that serves the list watches its file.
 *
 * @throws SystemError where the file cannot be read or written; nothing is changed then
 */
export function editList(
  loaded: LoadedConfig,
  list: string,
  edit: (text: ManualText) => void,
): ListEdit {
  const path = manualListFile(loaded, list);
  const before = readForEdit(path);
  const text = new ManualText(before);
  const nowMs = Date.now();
  const held = contentsOf([...text.entries], nowMs);
  edit(text);
  const after = text.toString();
  const isChanged = after !== before;
  if (isChanged) writeFileAtomically(path, [encodeLossless(after)], { fsync: true });
  if (loaded.config.firewall === undefined) return { isChanged, kernel: undefined };
  const folder = new FirewallFolder(loaded.resolvePath(loaded.config.state));
  const { current, pending, heldSince } = folder.read();
  if (current === undefined) return { isChanged, kernel: undefined };
  // also where the file says it already: whoever wrote that may have been killed before the kernel
  if (pending !== undefined || heldSince !== undefined) return { isChanged, kernel: 'waiting' };
  const change = { list, before: held, after: contentsOf([...text.entries], nowMs) };
  return { isChanged, kernel: changeList(loaded, folder, change) };
}

/** Empty where there is no such file yet. @throws SystemError */
export function readListText(path: string): string {
  return readBytes(path).toString('utf8');
}

/**
 * The text of a list that is going to be written again, with `encodeLossless`: comments in whatever
 * encoding come out as they went in. Empty where there is no such file yet.
 *
 * @throws SystemError
 */
export function readForEdit(path: string): string {
  return decodeLossless(readBytes(path));
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return Buffer.alloc(0);
    throw systemErrorOf(error, 'cannot read', path);
  }
}
