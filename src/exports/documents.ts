import type { Format, NamedList } from '../formats/index.js';
import type { Family } from '../ip/family.js';
import { UsageError } from '../util/errors.js';

/** What is to be written: lists in a format. */
export interface ExportJob {
  readonly format: Format;
  readonly lists: readonly NamedList[];
  readonly families: readonly Family[];
  readonly maxLines: number;
  readonly action?: string;
  readonly notices: readonly string[];
  readonly dataTimeSeconds?: number;
}

/** One file to be. */
export interface ExportDocument {
  readonly path: string;
  readonly lists: readonly NamedList[];
  readonly families: readonly Family[];
}

/** Stands for the name of the list in a file name of the configuration. */
export const LIST_PLACE = '{list}';

/** One document with all lists, or with `{list}` in the path one a list. */
export function documentsAt(path: string, job: ExportJob): ExportDocument[] {
  const { format, lists, families } = job;
  if (path.includes(LIST_PLACE)) {
    return lists.map((list) => ({
      path: path.replaceAll(LIST_PLACE, list.name),
      lists: [list],
      families,
    }));
  }
  assertHolds(job);
  return [{ path, lists: format.holdsSeveralLists ? lists : lists.slice(0, 1), families }];
}

/** One document a list in a folder, named after list and format. */
export function documentsIn(folder: string, job: ExportJob): ExportDocument[] {
  const { format, lists, families } = job;
  return lists.flatMap((list) => {
    const documents = format.splitsFamilies
      ? families.map((family) => ({ name: `${list.name}-ipv${family}`, families: [family] }))
      : [{ name: list.name, families }];
    return documents.map(({ name, families: chosen }) => ({
      path: `${folder}/${name}.${format.extension}`,
      lists: [list],
      families: chosen,
    }));
  });
}

/** @throws UsageError where the format cannot keep the lists apart in one document */
function assertHolds({ format, lists }: ExportJob): void {
  if (lists.length <= 1 || format.holdsSeveralLists) return;
  throw new UsageError(
    `format ${format.name} holds one list a file, found ${lists.length} lists; ` +
      `give a folder (--out DIR/), or {list} in the file name of the configuration`,
  );
}

/**
 * The content of a document.
 *
 * @throws UsageError where the format has no place for what is asked of it, or cannot say it
 */
export function contentOf(
  document: Pick<ExportDocument, 'lists' | 'families'>,
  job: ExportJob,
): Iterable<string | Uint8Array> {
  const { format, maxLines, action, notices, dataTimeSeconds } = job;
  assertFits(job);
  return format.render(
    { lists: document.lists, notices },
    {
      families: document.families.filter((family) => format.families.includes(family)),
      maxLines,
      ...(action !== undefined && { action }),
      ...(dataTimeSeconds !== undefined && { dataTimeSeconds }),
    },
  );
}

function assertFits({ format, families, action }: ExportJob): void {
  if (action !== undefined && format.action === undefined) {
    throw new UsageError(
      `format ${format.name} has no place for an action, found ${JSON.stringify(action)}; leave it out`,
    );
  }
  if (!families.some((family) => format.families.includes(family))) {
    throw new UsageError(
      `format ${format.name} holds no IPv${families.join(' or ')}; choose another format or family`,
    );
  }
}
