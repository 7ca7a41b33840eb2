import { accessSync, constants, existsSync, readdirSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { formatsReference } from '../../src/formats/reference.js';
import { sekisho } from '../helpers/sekisho.js';
import { ROOT, between, blocksOf, readPage, sectionsOf, tableRows } from './markdown.js';

const README = readPage('README.md');

/** The commands of each section; where a section gains some, a test has to run them. */
const TESTED = {
  'Two commands': 2, // test/system/quickstart.test.ts, and the one that runs the tests
  'Load it into the firewall': 3, // test/system/readme.test.ts
  'One configuration for all of it': 1, // test/system/readme.test.ts
  'Ask it': 2, // test/system/readme.test.ts
  DNSBL: 2, // test/system/readme.test.ts
};

test('every block of commands is one that a test runs', () => {
  const found = [...sectionsOf(README)].map(([heading, text]) => {
    const commands = blocksOf(text).filter(({ language }) => language === 'sh');
    return [heading, commands.length] as const;
  });
  expect(Object.fromEntries(found.filter(([, count]) => count > 0))).toEqual(TESTED);
});

describe('README.ja.md', () => {
  const JAPANESE = readPage('README.ja.md');
  const linksIn = (page: string): string[] =>
    [...page.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, target]) => target ?? '');

  test('has the very commands and configurations of README.md', () => {
    expect(blocksOf(JAPANESE)).toEqual(blocksOf(README));
  });

  test('has its table of formats, and its sections', () => {
    expect(between(JAPANESE, 'formats')).toBe(between(README, 'formats'));
    expect(sectionsOf(JAPANESE).size).toBe(sectionsOf(README).size);
  });

  test('links to the same pages', () => {
    const other = (links: readonly string[]): string[] =>
      [...new Set(links)].filter((link) => !link.startsWith('README')).sort();
    expect(other(linksIn(JAPANESE))).toEqual(other(linksIn(README)));
  });
});

test('the two commands are programs of the repository', () => {
  const commands = blocksOf(sectionsOf(README).get('Two commands') ?? '').map(({ text }) => text);
  expect(commands).toEqual(['scripts/quickstart\n', 'scripts/test\n']);
  for (const command of commands) accessSync(ROOT + command.trim(), constants.X_OK);
});

test('the table of formats is the one of the program', () => {
  const table = tableRows(between(README, 'formats'));
  expect(table, 'run `npm run docs`').toEqual(tableRows(formatsReference()));
});

test('the lines for cron are those that `config example` prints, but for the minute', async () => {
  const [block] = blocksOf(README).filter(({ language }) => language === 'cron');
  const { stdout } = await sekisho(['config', 'example']);
  const printed = /^# Lines for \/etc\/cron\.d\/sekisho.*\n((?:# {3}.*\n)+)/m.exec(stdout)?.[1];
  const withoutMinute = (text = ''): string =>
    text.replace(/^(# {3})?\d+ /gm, '').replace(/^# {3}/gm, '');
  expect(withoutMinute(block?.text).trim()).toBe(withoutMinute(printed).trim());
  expect(withoutMinute(block?.text)).toMatch(/^\S+ \* \* \* root sekisho update$/m);
});

test('every page of docs/ is linked', () => {
  const pages = readdirSync(`${ROOT}docs`).filter((name) => name.endsWith('.md'));
  expect(pages.filter((page) => !README.includes(`](docs/${page}): `))).toEqual([]);
});

describe.each([
  'README.md',
  'README.ja.md',
  'docs/operations.md',
  'docs/dnsbl.md',
  'docs/formats.md',
  'docs/milter.md',
  'docs/sources.md',
  'docs/architecture.md',
])('%s', (page) => {
  test('links to what is there', () => {
    const folder = page.replace(/[^/]*$/, '');
    const targets = [...readPage(page).matchAll(/\]\((?!https?:)([^)#]+)/g)].map((one) => one[1]);
    for (const target of targets) {
      expect(existsSync(`${ROOT}${folder}${target ?? ''}`), target).toBe(true);
    }
  });
});
