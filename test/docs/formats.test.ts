import { describe, expect, test } from 'vitest';

import { formatSections, renderExample } from './formats-example.js';

const sections = formatSections();

test('docs/formats.md describes the formats for firewalls and proxies', () => {
  expect(sections.map(({ format }) => format.name)).toEqual(
    expect.arrayContaining(
      'cidr ranges nft nft-json ipset iptables ip6tables nginx-geo haproxy'.split(' '),
    ),
  );
});

describe.each(sections)('docs/formats.md, $format.name', ({ format, example }) => {
  test('shows what the format writes', () => {
    expect(example).toBe(renderExample(format));
  });
});
