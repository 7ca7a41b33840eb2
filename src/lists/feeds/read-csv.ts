import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';

import type { FeedForm } from './feed.js';
import { type FeedLine, lineOfValue } from './feed-line.js';
import { tooLong } from './read-plain.js';
import { FeedRefused } from './refused.js';

/** No row of a list is longer, in characters. */
const MAX_ROW_LENGTH = 65_536;

/**
 * Reads one column of CSV, or two with the ends of ranges (RFC 4180, any delimiter). Rows may differ in length: publishers end
 * theirs with a remark. Rows that are empty, or whose first cell begins with #, are comments.
 *
 * @throws FeedRefused where it is no CSV, has no such column, or more rows than `maxLines`
 */
export function readCsv(
  text: string,
  form: Extract<FeedForm, { kind: 'csv' }>,
  maxLines: number,
): FeedLine[] {
  const lines: FeedLine[] = [];
  let places = form.header ? undefined : placesIn([], form);
  let rows = 0;
  const visit = (row: readonly string[], { lines: line }: { lines: number }): null => {
    if (++rows > maxLines) throw tooLong(maxLines, 'rows');
    if (row[0]?.trimStart().startsWith('#') || row.every((cell) => cell.trim() === '')) return null;
    if (places === undefined) places = placesIn(row, form);
    else lines.push(lineOfValue(valueIn(row, places), line, row[places.reason]));
    return null;
  };
  try {
    parse(text, {
      bom: true,
      delimiter: form.delimiter,
      relax_quotes: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: MAX_ROW_LENGTH,
      // a row is looked at and let go: the whole table need not be in memory
      on_record: visit,
    });
  } catch (error) {
    if (error instanceof CsvError) throw new FeedRefused(`it is no CSV: ${error.message}`);
    throw error;
  }
  return lines;
}

/** A row of which only one of the two columns is filled is of one address. */
function valueIn(row: readonly string[], { column, last }: Places): string {
  const [from = '', to = ''] = [row[column], row[last]].map((cell) => cell?.trim());
  return to === '' || to === from ? from : `${from}-${to}`;
}

interface Places {
  /** From 0; what is not asked for is nowhere. */
  readonly column: number;
  readonly last: number;
  readonly reason: number;
}

function placesIn(
  header: readonly string[],
  { column, last, reason }: Extract<FeedForm, { kind: 'csv' }>,
): Places {
  const names = header.map((cell) => cell.trim());
  const place = (wanted: string | number): number => {
    if (typeof wanted === 'number') return wanted - 1;
    const found = names.indexOf(wanted);
    if (found !== -1) return found;
    const shown = JSON.stringify(names.join(', ').slice(0, 120));
    throw new FeedRefused(`found the columns ${shown}; expected one named ${wanted}`);
  };
  const placeIfAny = (wanted: string | number | undefined): number =>
    wanted === undefined ? -1 : place(wanted);
  return { column: place(column), last: placeIfAny(last), reason: placeIfAny(reason) };
}
