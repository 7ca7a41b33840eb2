import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { FORMATS, type Format, type NamedList } from '../../src/formats/index.js';
import type { Family } from '../../src/ip/family.js';
import { UsageError } from '../../src/util/errors.js';
import { addressSet } from '../helpers/lists.js';

/*
 * One golden file a format and case. `UPDATE_GOLDEN=1 npx vitest run test/formats/golden.test.ts`
 * writes them anew: read the difference before you commit it. A format that refuses a case
 * has the message as its golden file.
 */

const FOLDER = new URL('../golden/', import.meta.url);

const kr = addressSet(
  '1.11.0.0/16',
  '1.16.0.0-1.18.255.255', // no power of two
  '128.134.0.255-128.134.2.0', // unaligned at both ends, above 2^31
  '203.0.113.7',
  '255.255.255.254-255.255.255.255', // the top of the space
  '2001:db8::/32',
  '2001:db8:ffff:ffff:ffff:ffff:ffff:fffe-2001:db9::1',
  '2a00:1::7',
);
const jp = addressSet('198.51.100.0/25', '2001:dc0::/31', '2400::/19');

const lists: NamedList[] = [
  { name: 'kr', addresses: kr, countries: [{ cc: 'KR', addresses: kr }] },
  { name: 'jp', addresses: jp, countries: [{ cc: 'JP', addresses: jp }] },
];
const empty = addressSet();
const emptyList: NamedList = { name: 'none', addresses: empty, countries: [] };

const CASES: Record<string, { families: Family[]; lists: NamedList[] }> = {
  ipv4: { families: [4], lists },
  ipv6: { families: [6], lists },
  both: { families: [4, 6], lists },
  empty: { families: [4, 6], lists: [emptyList] },
};

function render(format: Format, name: string): Buffer {
  const { families, lists: all } = CASES[name] as (typeof CASES)[string];
  const chosen = format.holdsSeveralLists ? all : all.slice(0, 1);
  const notices = ['Sekisho, golden data', 'second line of notice'];
  try {
    const pieces = format.render({ lists: chosen, notices }, { families, maxLines: 5000 });
    return Buffer.concat([...pieces].map((piece) => Buffer.from(piece)));
  } catch (error) {
    if (error instanceof UsageError) return Buffer.from(`refused: ${error.message}\n`);
    throw error;
  }
}

describe.each(FORMATS)('format $name', (format) => {
  test.each(Object.keys(CASES))('%s equals its golden file', (name) => {
    const file = fileURLToPath(new URL(`${format.name}/${name}.${format.extension}`, FOLDER));
    const bytes = render(format, name);
    if (process.env['UPDATE_GOLDEN'] === '1') {
      mkdirSync(new URL(`${format.name}/`, FOLDER), { recursive: true });
      writeFileSync(file, bytes);
    }
    expect(existsSync(file), `${file} is missing`).toBe(true);
    expect(bytes.equals(readFileSync(file)), `differs from ${file}:\n${bytes.toString()}`).toBe(
      true,
    );
  });
});
