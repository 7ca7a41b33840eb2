import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { makeFolder, writeFileAtomically } from '../util/atomic-file.js';
import { type ExportDocument, type ExportJob, contentOf } from './documents.js';

/** What is to be written, and where. */
export interface PlannedExport {
  readonly job: ExportJob;
  readonly documents: readonly ExportDocument[];
}

/**
 * Writes documents, each renamed into place when it is whole; folders are made where they are
 * missing. All are rendered before the first is written, so that a list that cannot be said in
 * a format changes nothing. A file that already holds what it is to hold stays as it is, with its
 * time: a web server goes on to answer that it was not modified.
 *
 * @returns the paths that were written
 * @throws UsageError from a format, SystemError from the file system
 */
export function writePlanned(planned: readonly PlannedExport[]): string[] {
  const rendered = planned.flatMap(({ job, documents }) =>
    documents.map((document) => ({ path: document.path, pieces: [...contentOf(document, job)] })),
  );
  const folders = new Set(rendered.map(({ path }) => dirname(path)));
  for (const folder of folders) makeFolder(folder);
  const changed = rendered.filter(({ path, pieces }) => !holds(path, pieces));
  for (const { path, pieces } of changed) writeFileAtomically(path, pieces);
  return changed.map(({ path }) => path);
}

function holds(path: string, pieces: readonly (string | Uint8Array)[]): boolean {
  const stats = existsSync(path) ? statSync(path) : undefined;
  if (!stats?.isFile()) return false;
  const bytes = Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
  return bytes.length === stats.size && bytes.equals(readFileSync(path));
}
