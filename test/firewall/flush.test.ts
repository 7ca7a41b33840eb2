import { existsSync } from 'node:fs';

import { expect, test } from 'vitest';

import type { Backend } from '../../src/firewall/backend.js';
import { flush } from '../../src/firewall/flush.js';
import { FirewallFolder, type Generation } from '../../src/firewall/generations.js';
import { SystemError } from '../../src/util/errors.js';
import { temporaryFolder } from '../helpers/cleanup.js';

const CURRENT: Generation = { number: 2, backend: 'ipset', appliedAt: '2026-01-01T00:00:00Z' };

function backend(name: Backend['name'], work: () => Promise<unknown>): Backend {
  return { name, flush: work } as unknown as Backend;
}

async function folderWithPending(): Promise<FirewallFolder> {
  const folder = new FirewallFolder(await temporaryFolder());
  folder.write({ current: CURRENT, previous: 'nothing', pending: { deadlineMs: 1 } });
  folder.writeGeneration(CURRENT, new Map([['file', 'text']]));
  folder.bootFrom(CURRENT);
  return folder;
}

test('what one backend refuses does not stop the others, and no rule comes back', async () => {
  const folder = await folderWithPending();
  const flushed: string[] = [];
  const plan = {
    backends: [
      backend('ipset', () => Promise.reject(new SystemError('the set is in use'))),
      backend('nftables', () => Promise.resolve(flushed.push('nftables'))),
    ],
    memory: folder.read(),
    notes: [],
    unreachable: ['iptables: the program iptables-restore is missing'],
  };
  expect(await flush(folder, plan)).toEqual([
    'iptables: the program iptables-restore is missing',
    'ipset: the set is in use',
  ]);
  expect(flushed).toEqual(['nftables']);
  expect(folder.read()).toEqual({ current: CURRENT });
  expect(existsSync(folder.bootFolder)).toBe(false);
});

test('where everything went, everything is forgotten', async () => {
  const folder = await folderWithPending();
  const backends = [backend('ipset', () => Promise.resolve())];
  const plan = { backends, memory: folder.read(), notes: [], unreachable: [] };
  expect(await flush(folder, plan)).toEqual([]);
  expect(folder.read()).toEqual({});
  expect(existsSync(folder.generationFolder(CURRENT))).toBe(false);
});
