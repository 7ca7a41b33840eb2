import {
  DEFAULT_MAX_LINES,
  findFormat,
  type FormatOptions,
  type NamedList,
} from '../../src/formats/index.js';

/** The text of a file in a format that is known by this name; both families unless told otherwise. */
export function rendered(
  formatName: string,
  lists: readonly NamedList[],
  options: Partial<FormatOptions> = {},
): string {
  const format = findFormat(formatName);
  if (!format) throw new Error(`no format ${formatName}`);
  const pieces = format.render(
    { lists, notices: ['for a test'] },
    { families: [4, 6], maxLines: DEFAULT_MAX_LINES, ...options },
  );
  return Buffer.concat([...pieces].map((piece) => Buffer.from(piece))).toString();
}
