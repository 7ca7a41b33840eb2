import { expect, test } from 'vitest';

import { findingsReference } from '../../src/mta/doctor/reference.js';
import { FINDINGS, type FindingKind } from '../../src/mta/doctor/finding-table.js';
import { MAIL_SERVERS } from '../../src/mta/doctor/server/index.js';
import { between, readPage, sectionsOf, tableRows } from './markdown.js';

const PAGE = readPage('docs/mail-doctor.md');

test('docs/mail-doctor.md has every finding, as the program says it', () => {
  const rows = tableRows(between(PAGE, 'findings'));
  // the whole row: prettier only widens cells
  expect(rows).toEqual(tableRows(findingsReference()));
  expect(rows.slice(1).map(([name]) => name)).toEqual(
    Object.keys(FINDINGS).map((name) => `\`${name}\``),
  );
});

test('every failure and warning has a cure, and nothing else has', () => {
  for (const [name, { severity, cure }] of Object.entries<FindingKind>(FINDINGS)) {
    const isTrouble = severity === 'failure' || severity === 'warning';
    expect(cure !== undefined, name).toBe(isTrouble);
  }
});

test('it names every mail server that is looked at', () => {
  const [, ...rows] = tableRows(sectionsOf(PAGE).get('What is asked') ?? '');
  expect(rows.map(([name]) => name)).toEqual(MAIL_SERVERS.map(({ name }) => name));
});
