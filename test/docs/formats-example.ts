import { readFileSync } from 'node:fs';

import {
  DEFAULT_MAX_LINES,
  FORMATS,
  type Format,
  type NamedList,
} from '../../src/formats/index.js';
import { addressSet } from '../helpers/lists.js';

/** The lists that the examples in docs/formats.md show. */
const LISTS: readonly NamedList[] = [
  {
    name: 'kr',
    addresses: addressSet('1.11.0.0/16', '1.16.0.0-1.18.255.255', '203.0.113.7', '2001:db8::/32'),
  },
  { name: 'jp', addresses: addressSet('198.51.100.0/25', '2001:dc0::/31') },
];

/** A format as docs/formats.md describes it. */
export interface FormatSection {
  readonly format: Format;
  /** What the page shows as the file. */
  readonly example: string;
  /** Blocks of commands, in the order of the page. */
  readonly commands: readonly string[];
}

/** The sections of docs/formats.md that are headed by a format's name. */
export function formatSections(): FormatSection[] {
  const page = readFileSync(new URL('../../docs/formats.md', import.meta.url), 'utf8');
  return page.split(/^## /m).flatMap((section) => {
    const name = /^`(\S+)`\n/.exec(section)?.[1];
    if (name === undefined) return [];
    const format = FORMATS.find((each) => each.name === name);
    if (!format) throw new Error(`docs/formats.md describes ${name}, which is no format`);
    const blocks = [...section.matchAll(/^```(\w*)\n(.*?)^```$/gms)];
    const example = blocks.find(([, language]) => language === 'text')?.[2];
    if (example === undefined) throw new Error(`docs/formats.md shows no example of ${name}`);
    const commands = blocks.filter(([, language]) => language === 'sh').map((block) => block[2]);
    return [{ format, example, commands: commands.map(String) }];
  });
}

/** The file that the example shows. */
export function renderExample(format: Format): string {
  const lists = format.holdsSeveralLists ? LISTS : LISTS.slice(0, 1);
  const pieces = format.render(
    { lists, notices: ['Data: APNIC, 2026-06-18'] },
    { families: [4, 6], maxLines: DEFAULT_MAX_LINES },
  );
  return Buffer.concat([...pieces].map((piece) => Buffer.from(piece))).toString();
}
