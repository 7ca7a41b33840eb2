import { findFormat, type FormatOptions, type NamedList } from '../../src/formats/index.js';

/** What a format writes for these lists, as bytes; both families and no line limit unless said. */
export function renderBytes(
  name: string,
  lists: readonly NamedList[],
  options: Partial<FormatOptions> = {},
): Buffer {
  const format = findFormat(name);
  if (format === undefined) throw new Error(`no format ${name}`);
  const all = { families: [4, 6], maxLines: 1_000_000, ...options } as const;
  return Buffer.concat(
    [...format.render({ lists, notices: [] }, all)].map((one) => Buffer.from(one)),
  );
}

/** The same as text. */
export function renderText(...args: Parameters<typeof renderBytes>): string {
  return renderBytes(...args).toString();
}
