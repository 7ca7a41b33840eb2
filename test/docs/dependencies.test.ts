import { readFileSync, readdirSync } from 'node:fs';

import { expect, test } from 'vitest';

import { ROOT, codeIn, readPage, sectionsOf, tableRows } from './markdown.js';

const SECTIONS = sectionsOf(readPage('docs/dependencies.md'));
const PACKAGE = JSON.parse(readPage('package.json')) as Record<
  'dependencies' | 'optionalDependencies' | 'devDependencies',
  Record<string, string>
>;
const LOCK = JSON.parse(readPage('package-lock.json')) as {
  packages: Record<string, { license?: string; dev?: true }>;
};
const [, ...AT_RUN_TIME] = tableRows(SECTIONS.get('At run time') ?? '');
const [, ...FOR_DEVELOPMENT] = tableRows(SECTIONS.get('For development') ?? '');

/** The packages of the first column. */
function packagesOf(rows: readonly (readonly string[])[]): string[] {
  return rows.flatMap(([cell = '']) => codeIn(cell)).sort();
}

test('every dependency has its row, and no row is without one', () => {
  const atRunTime = { ...PACKAGE.dependencies, ...PACKAGE.optionalDependencies };
  expect(packagesOf(AT_RUN_TIME)).toEqual(Object.keys(atRunTime).sort());
  expect(packagesOf(FOR_DEVELOPMENT)).toEqual(Object.keys(PACKAGE.devDependencies).sort());
});

test('licences are those of the packages', () => {
  for (const [name = '', licence] of AT_RUN_TIME) {
    expect(LOCK.packages[`node_modules/${String(codeIn(name)[0])}`]?.license, name).toBe(licence);
  }
  const shipped = Object.entries(LOCK.packages).filter(([path, { dev }]) => path !== '' && !dev);
  const licences = new Set(shipped.map(([, { license }]) => license));
  expect([...licences].sort()).toEqual(['Apache-2.0', 'ISC', 'MIT', 'MIT-0']);
});

test('a row says `not yet` where no file of src/ imports the package, and only there', () => {
  const files = readdirSync(`${ROOT}src`, { recursive: true, encoding: 'utf8' });
  const code = files
    .filter((path) => path.endsWith('.ts'))
    .map((path) => {
      return readFileSync(`${ROOT}src/${path}`, 'utf8');
    });
  for (const [name = '', , purpose] of AT_RUN_TIME) {
    const imported = new RegExp(`(from |import\\()'${String(codeIn(name)[0])}['/]`);
    const isUsed = code.some((text) => imported.test(text));
    expect(purpose?.includes('not yet'), `${name}: ${purpose ?? ''}`).toBe(!isUsed);
  }
});
