import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { describeOptions } from '../../src/config/options.js';
import { DEFAULT_LIMITS } from '../../src/sources/download/options.js';
import { openFiles } from '../../src/sources/open-files.js';
import { registriesReference } from '../../src/sources/reference.js';
import { EXIT } from '../../src/util/errors.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { codeIn, readPage, sectionsOf, between, tableRows } from './markdown.js';

const PAGE = readPage('docs/sources.md');
const WORDS = PAGE.replaceAll(/\s+/g, ' ');

test('the registries and their addresses are those of the program', () => {
  const lines = (text: string): string[] => text.trim().split(/\s*\n\s*/);
  expect(lines(between(PAGE, 'registries')), 'run `npm run docs`').toEqual(
    lines(registriesReference()),
  );
});

test('numbers are those of the program', () => {
  const { backoffMs, backoffMaxMs, retryAfterMaxMs, maxRedirects } = DEFAULT_LIMITS;
  expect(WORDS).toContain(`after ${backoffMs / 1000} s, then twice as long each time`);
  expect(WORDS).toContain(`up to ${backoffMaxMs / 1000} s, shortened`);
  expect(WORDS).toContain(`gets it, up to ${retryAfterMaxMs / 1000} s`);
  expect(WORDS).toContain(`Redirects are followed, at most ${maxRedirects},`);
});

test('options that it names have the defaults that it tells', () => {
  const sources = describeOptions().find(({ path }) => path[0] === 'sources')?.children ?? [];
  const defaults = new Map(sources.map((option) => [option.path.at(-1), option.default]));
  const told = [...WORDS.matchAll(/`([a-z_]+)` (?:times )?\((\d[^)]*)\)/g)];
  expect(told.map(([, name]) => name).sort()).toEqual(
    'connect_timeout fall idle_timeout max_size rise total_timeout tries'.split(' '),
  );
  for (const [, name, value] of told) expect(String(defaults.get(name)), name).toBe(value);
});

test('exit codes are those of the program', () => {
  const rows = tableRows(sectionsOf(PAGE).get('Exit codes') ?? '').slice(1);
  expect(rows.map(([code]) => Number(code))).toEqual(Object.values(EXIT).sort());
});

test('the lines that licences ask for are those that are shown', async () => {
  const folder = await temporaryFolder();
  const files: Record<string, string> = {
    'dbip.csv': '203.0.113.0,203.0.113.255,KR\n',
    'locations.csv': 'geoname_id,locale_code,country_iso_code\n1,en,KR\n',
    'blocks.csv': 'network,geoname_id,registered_country_geoname_id\n203.0.113.0/24,1,1\n',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const { attribution } = await openFiles([folder]);
  expect(attribution).toHaveLength(2);
  const shown = codeIn(sectionsOf(PAGE).get('Country CSV files') ?? '');
  for (const line of attribution) expect(shown).toContain(line);
});
