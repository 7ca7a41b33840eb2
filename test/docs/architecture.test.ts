import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { ROOT, codeIn, readPage, sectionsOf, tableRows } from './markdown.js';

const PAGE = readPage('docs/architecture.md');
const SECTIONS = sectionsOf(PAGE);

/** The table of rooms: each room with the paths that its row names, from the top. */
const ROOMS = tableRows(SECTIONS.get('Rooms') ?? '')
  .slice(1)
  .map(([room = '', text = '']) => {
    const [path = ''] = codeIn(room);
    return { path, named: codeIn(text).map((name) => path + name) };
  });

test('every folder of src/ has its row, and every row its folder', () => {
  const folders = readdirSync(`${ROOT}src`).map((name) => {
    return statSync(`${ROOT}src/${name}`).isDirectory() ? `src/${name}/` : `src/${name}`;
  });
  expect(ROOMS.map(({ path }) => path).sort()).toEqual(folders.sort());
});

test('every path that it names exists', () => {
  const inRooms = ROOMS.flatMap(({ path, named }) => [path, ...named]);
  const elsewhere = PAGE.replace(SECTIONS.get('Rooms') ?? '', '');
  const named = codeIn(elsewhere).filter((code) => /^[\w./-]*(\/|\.[a-z]+)[\w.-]*$/.test(code));
  const paths = [...inRooms, ...named].filter((path) => !path.startsWith('../'));
  expect(paths.length).toBeGreaterThan(35);
  for (const path of paths) expect(existsSync(ROOT + path), path).toBe(true);
});

test('likely changes are ten, and each starts in one file', () => {
  const [, ...rows] = tableRows(SECTIONS.get('Where a change starts') ?? '');
  expect(rows).toHaveLength(10);
  const files = rows.map(([, start = '']) => codeIn(start));
  for (const paths of files) {
    expect(paths).toHaveLength(1);
    expect(statSync(ROOT + String(paths[0])).isFile()).toBe(true);
  }
  expect(new Set(files.flat()).size).toBe(10);
});

test('who may import whom is what the check of imports holds', () => {
  const load = createRequire(import.meta.url);
  const config = load(fileURLToPath(new URL('../../.dependency-cruiser.cjs', import.meta.url))) as {
    readonly forbidden: readonly { readonly name: string }[];
  };
  const road = config.forbidden.flatMap(({ name }) => /^road-(.*)$/.exec(name)?.[1] ?? []);
  const shown = /^ {4}util, (?:.*\n)+?\n/m.exec(SECTIONS.get('Rooms') ?? '')?.[0] ?? '';
  expect(shown.match(/\w+/g)).toEqual([...road, 'main']);
  expect(readFileSync(`${ROOT}package.json`, 'utf8')).toContain('depcruise src');
});
