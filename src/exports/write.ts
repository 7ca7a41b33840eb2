import { dirname } from 'node:path';

import { makeFolder, writeFileAtomically } from '../util/atomic-file.js';
import { type ExportDocument, type ExportJob, contentOf } from './documents.js';

/**
 * Writes documents, each renamed into place when it is whole; folders are made where they are
 * missing. All are rendered before the first is written where there are few enough, so that a
 * list that cannot be said in a format changes nothing.
 *
 * @throws UsageError from the format, SystemError from the file system
 */
export function writeDocuments(documents: readonly ExportDocument[], job: ExportJob): void {
  const folders = new Set<string>();
  for (const document of documents) {
    const pieces = contentOf(document, job);
    const folder = dirname(document.path);
    if (!folders.has(folder)) makeFolder(folder);
    folders.add(folder);
    writeFileAtomically(document.path, pieces);
  }
}
