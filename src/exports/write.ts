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
 * a format changes nothing.
 *
 * @returns the paths written
 * @throws UsageError from a format, SystemError from the file system
 */
export function writePlanned(planned: readonly PlannedExport[]): string[] {
  const rendered = planned.flatMap(({ job, documents }) =>
    documents.map((document) => ({ path: document.path, pieces: [...contentOf(document, job)] })),
  );
  const folders = new Set(rendered.map(({ path }) => dirname(path)));
  for (const folder of folders) makeFolder(folder);
  for (const { path, pieces } of rendered) writeFileAtomically(path, pieces);
  return rendered.map(({ path }) => path);
}
