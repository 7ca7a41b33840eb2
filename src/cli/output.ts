import { once } from 'node:events';

import type { Voice } from '../jobs/voice.js';

/** Writes pieces to standard output, at the pace at which they are read there. */
export async function writeOut(pieces: Iterable<string | Uint8Array>): Promise<void> {
  for (const piece of pieces) {
    if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
  }
}

/** A value as indented JSON on standard output. */
export async function writeJson(value: unknown): Promise<void> {
  await writeOut([JSON.stringify(value, undefined, 2) + '\n']);
}

/** A warning: always on standard error. */
export function warn(text: string): void {
  process.stderr.write(`sekisho: ${text}\n`);
}

/** A remark for a person: on standard error, and only where that is a terminal. */
export function note(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`sekisho: ${text}\n`);
}

/** What a job has to say, printed. */
export const VOICE: Voice = { note, warn };

/** The same with --quiet: remarks are left out. */
export const QUIET_VOICE: Voice = { note: () => undefined, warn };

export type Cell = string | number;

/**
 * A table on standard output: with lines on a terminal, tab-separated in a pipe. Numbers
 * are set to the right.
 */
export async function writeTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
): Promise<void> {
  if (!process.stdout.isTTY) {
    await writeOut([head, ...rows].map((row) => row.join('\t') + '\n'));
    return;
  }
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: [...head],
    style: { head: ['bold'], border: [], compact: true },
    colAligns: head.map((_, column) => (typeof rows[0]?.[column] === 'number' ? 'right' : 'left')),
  });
  table.push(...rows.map((row) => row.map(cellText)));
  await writeOut([table.toString() + '\n']);
}

function cellText(cell: Cell): string {
  return typeof cell === 'number' ? cell.toLocaleString('en') : cell;
}
