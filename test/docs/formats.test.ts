import { describe, expect, test } from 'vitest';

import { FORMAT_NAMES } from '../../src/formats/index.js';
import { formatSections, onlyBlock, renderExample } from './formats-example.js';

const sections = formatSections();

test('docs/formats.md describes every format, in the order of the table', () => {
  expect(sections.map(({ format }) => format.name)).toEqual(FORMAT_NAMES);
});

// a database is no text: its page shows how it is asked, which test/system/docs-formats.test.ts does
const texts = sections.filter(({ format }) => format.name !== 'mmdb');

describe.each(texts)('docs/formats.md, $format.name', (section) => {
  test('shows what the format writes', () => {
    expect(onlyBlock(section, 'text')).toBe(renderExample(section.format).toString());
  });
});
