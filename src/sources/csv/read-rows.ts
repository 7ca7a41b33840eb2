import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import { parse } from 'csv-parse';

import { ParseError, messageOf } from '../../util/errors.js';

/**
 * Reads a CSV file (plain or gzip) as a stream and calls `visit` for each row.
 *
 * @throws ParseError where the file is no CSV, or where `visit` says what it expected
 */
export async function readRows(
  path: string,
  visit: (row: readonly string[]) => { readonly expected: string } | undefined,
): Promise<void> {
  const parser = parse({ bom: true, info: true });
  const input = createReadStream(path);
  const stages = (await isGzip(path)) ? [input, createGunzip(), parser] : [input, parser];
  const rows = async (): Promise<void> => {
    for await (const { record, info } of parser as AsyncIterable<CsvRow>) {
      const refusal = visit(record);
      if (refusal) {
        const found = JSON.stringify(record.join(',').slice(0, 80));
        throw new ParseError(`${path}:${info.lines}: found ${found}; expected ${refusal.expected}`);
      }
    }
  };
  try {
    await Promise.all([pipeline(stages), rows()]);
  } catch (error) {
    if (error instanceof ParseError) throw error;
    throw new ParseError(`${path}: not a readable CSV file: ${messageOf(error)}`);
  }
}

interface CsvRow {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}
