import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { parseConfig } from '../../../src/config/load.js';
import { openLists } from '../../../src/lists/open-lists.js';
import { load } from '../../../src/dnsbl/lists/load-zones.js';
import { temporaryFolder } from '../../helpers/cleanup.js';

const NOW = Date.parse('2026-11-21T00:00:00Z');
const HOUR = 3_600_000;

/** A feed that was found up to date two hours ago, as the lists have it at a time. */
async function feedHost(options: string) {
  const folder = await temporaryFolder();
  const text = `state: .
lists:
  drop: { url: 'http://lists.test/drop', ${options} }
  all: { lists: [drop] }
dnsbl: { zones: [{ name: bl.test, lists: { drop: { code: 127.0.0.2 } } }] }
`;
  const file = join(folder, 'sekisho.yaml');
  await writeFile(file, text);
  await mkdir(join(folder, 'feeds'));
  await writeFile(join(folder, 'feeds', 'drop.txt'), '192.0.2.7\n');
  const checkedAt = new Date(NOW - 2 * HOUR).toISOString();
  const facts = { definition: 'x', host: 'lists.test', checkedAt };
  await writeFile(join(folder, 'feeds', 'drop.txt.json'), JSON.stringify(facts));
  return {
    sizesAt: (nowMs: number) => {
      const opened = openLists(parseConfig(text, file), new Map(), { nowMs, readState: true });
      const sizes = [...opened.lists.values()].map(({ addresses }) =>
        addresses.v4.countAddresses(),
      );
      return { sizes, nextStaleMs: opened.nextStaleMs };
    },
    loadAt: (nowMs: number) => load({ text, file }, nowMs),
    facts: join(folder, 'feeds', 'drop.txt.json'),
  };
}

test('a copy that is older than max_age counts', async () => {
  const { sizesAt } = await feedHost('max_age: 3h');
  expect(sizesAt(NOW)).toEqual({ sizes: [1, 1], nextStaleMs: undefined });
  expect(sizesAt(NOW + 9 * HOUR)).toEqual({ sizes: [1, 1], nextStaleMs: undefined });
});

test('with stale: empty it does not, nor in lists that are made from it', async () => {
  const { sizesAt, loadAt, facts } = await feedHost('max_age: 3h, stale: empty');
  const staleMs = NOW + HOUR + 1;
  expect(sizesAt(NOW)).toEqual({ sizes: [1, 1], nextStaleMs: staleMs });
  expect(sizesAt(staleMs)).toEqual({ sizes: [0, 0], nextStaleMs: undefined });
  // who serves looks again at that time, and when the feed is found up to date again
  const loaded = await loadAt(NOW);
  expect(loaded.nextChangeAtMs).toBe(staleMs);
  expect(loaded.watch).toContain(facts);
  expect((await loadAt(staleMs)).warnings.join()).toMatch(/longer than max_age: the list is empty/);
});

test('without max_age nothing can be old', () => {
  expect(() => parseConfig("lists: { a: { url: 'http://h/', stale: empty } }", 'c.yaml')).toThrow(
    /stale.*expected max_age beside it/,
  );
});
