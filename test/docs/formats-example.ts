import {
  DEFAULT_MAX_LINES,
  FORMATS,
  type Format,
  type NamedList,
} from '../../src/formats/index.js';
import { FAMILIES, type Family } from '../../src/ip/family.js';
import { addressSet } from '../helpers/lists.js';
import { type Block, blocksOf, readPage } from './markdown.js';

/** The lists that the examples in docs/formats.md show. */
const LISTS: readonly NamedList[] = [
  listOf('kr', '1.11.0.0/16', '1.16.0.0-1.18.255.255', '203.0.113.7', '2001:db8::/32'),
  listOf('jp', '198.51.100.0/25', '2001:dc0::/31'),
];

function listOf(name: string, ...texts: string[]): NamedList {
  const addresses = addressSet(...texts);
  return { name, addresses, countries: [{ cc: name.toUpperCase(), addresses }] };
}

/** What the examples say of the data: APNIC's file of that day. */
const DATA_DAY = '2026-06-18';

/** A format as docs/formats.md describes it. */
export interface FormatSection {
  readonly format: Format;
  /** Everything below the heading. */
  readonly text: string;
  /** In the order of the page: `text` the file, `sh` commands, `output` what those print. */
  readonly blocks: readonly Block[];
}

export const PAGE = readPage('docs/formats.md');

/** The sections of docs/formats.md that are headed by a format's name. */
export function formatSections(): FormatSection[] {
  return PAGE.split(/^## /m).flatMap((section) => {
    const name = /^`(\S+)`\n/.exec(section)?.[1];
    if (name === undefined) return [];
    const format = FORMATS.find((each) => each.name === name);
    if (!format) throw new Error(`docs/formats.md describes ${name}, which is no format`);
    return [{ format, text: section, blocks: blocksOf(section) }];
  });
}

/** The text of the only block of this language. */
export function onlyBlock({ format, blocks }: FormatSection, language: string): string {
  const found = blocks.filter((block) => block.language === language);
  const [block] = found;
  if (block && found.length === 1) return block.text;
  throw new Error(`docs/formats.md, ${format.name}: ${found.length} blocks of ${language}`);
}

/** The file that the example shows. */
export function renderExample(format: Format): Buffer {
  const lists = format.holdsSeveralLists ? LISTS : LISTS.slice(0, 1);
  // tcprules refuses IPv6: the page says that it shows the list with --family 4
  const families: readonly Family[] = format.name === 'tcprules' ? [4] : FAMILIES;
  const pieces = format.render(
    { lists, notices: [`Data: APNIC, ${DATA_DAY}`] },
    {
      families,
      maxLines: DEFAULT_MAX_LINES,
      dataTimeSeconds: Date.parse(`${DATA_DAY}T00:00:00Z`) / 1000,
    },
  );
  return Buffer.concat([...pieces].map((piece) => Buffer.from(piece)));
}
