import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect } from 'vitest';

import { FAMILIES, type Family } from '../../src/ip/family.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { hundredLists, probesOf } from '../helpers/hundred-ranges.js';
import { addressSet } from '../helpers/lists.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import { rendered } from '../helpers/rendered.js';
import type { RunResult } from '../helpers/run.js';

const NEEDS = ['nft', 'namespace'];

describe.each(['nft', 'nft-json'])('format %s in the kernel', (format) => {
  const load = async (network: Namespace, text: string): Promise<void> => {
    expect(await loadInto(network, format, text)).toMatchObject({ code: 0, stderr: '' });
  };

  systemTest('finds every edge of a hundred ranges, and nothing beside', NEEDS, async () => {
    const network = await Namespace.create();
    await load(network, rendered(format, hundredLists()));
    for (const family of FAMILIES) {
      for (const list of ['kr', 'jp']) {
        const probes = probesOf(family);
        const { found, absent } = await ask(
          network,
          `${list}_v${family}`,
          probes.map(({ address }) => address),
        );
        const outside = probes.filter((probe) => probe.list !== list);
        expect(absent).toEqual(outside.map(({ address }) => address));
        expect(found).toBe(probes.length - outside.length);
      }
    }
  });

  systemTest('may be loaded again, and leaves rules in place', NEEDS, async () => {
    const network = await Namespace.create();
    const listing = async (): Promise<string> =>
      (await network.run('nft', ['list', 'table', 'inet', 'sekisho'])).stdout;
    const [kr, jp] = hundredLists();
    if (!kr || !jp) throw new Error('two lists expected');

    await load(network, rendered(format, [kr]));
    const rules = `
      add chain inet sekisho input { type filter hook input priority 0; }
      add rule inet sekisho input ip saddr @kr_v4 counter packets 7 bytes 70 drop\n`;
    await network.run('nft', ['-f', '-'], { input: rules });
    const before = await listing();
    expect(before).toContain('ip saddr @kr_v4 counter packets 7 bytes 70 drop');

    await load(network, rendered(format, [kr]));
    expect(await listing()).toBe(before);

    await load(network, rendered(format, [{ name: 'kr', addresses: jp.addresses }]));
    const after = await listing();
    expect(after).toContain('ip saddr @kr_v4 counter packets 7 bytes 70 drop');
    expect(after.replaceAll(/elements = \{[^}]*\}/g, '')).toBe(
      before.replaceAll(/elements = \{[^}]*\}/g, ''),
    );
    const first = probesOf(4).find(({ list }) => list === 'kr');
    expect((await ask(network, 'kr_v4', [String(first?.address)])).found).toBe(0);

    await load(network, rendered(format, [{ name: 'kr', addresses: addressSet() }]));
    expect(await listing()).not.toContain('elements');
  });

  systemTest('holds a whole family, and names of 24 characters', NEEDS, async () => {
    const network = await Namespace.create();
    const name = 'a23456789_123456789_1234';
    await load(network, rendered(format, [{ name, addresses: addressSet('0.0.0.0/0', '::/0') }]));
    const ends: Record<Family, string[]> = {
      4: ['0.0.0.0', '128.0.0.0', '255.255.255.255'],
      6: ['::', '8000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    };
    for (const family of FAMILIES) {
      expect((await ask(network, `${name}_v${family}`, ends[family])).absent).toEqual([]);
    }
  });
});

systemTest('nft and nft-json make the same sets', NEEDS, async () => {
  const listings: string[] = [];
  for (const format of ['nft', 'nft-json']) {
    const network = await Namespace.create();
    await loadInto(network, format, rendered(format, hundredLists()));
    listings.push((await network.run('nft', ['list', 'ruleset'])).stdout);
  }
  expect(listings[0]?.length).toBeGreaterThan(5000);
  expect(listings[1]).toBe(listings[0]);
});

/** From a file: with -j nft opens /dev/stdin anew, which fails where that is a socket. */
async function loadInto(network: Namespace, format: string, text: string): Promise<RunResult> {
  const file = join(await temporaryFolder(), 'sets');
  await writeFile(file, text);
  return network.run('nft', [...(format === 'nft-json' ? ['-j'] : []), '-f', file]);
}

/**
 * Asks for each address by a `get element` of its own, all in one interactive nft: with -f
 * the first address that is not there would end the run.
 */
async function ask(
  network: Namespace,
  set: string,
  addresses: readonly string[],
): Promise<{ found: number; absent: string[] }> {
  const command = `get element inet sekisho ${set}`;
  const input = addresses.map((address) => `${command} { ${address} }\n`).join('');
  const { stdout, stderr } = await network.run('nft', ['-i'], { input });
  const errors = stderr.split('\n').filter((line) => line.startsWith('Error: '));
  expect(new Set(errors)).toEqual(
    new Set(errors.length > 0 ? ['Error: Could not process rule: No such file or directory'] : []),
  );
  const absent = [...stderr.matchAll(/^get element .* \{ (\S+) \}$/gm)].map((match) =>
    String(match[1]),
  );
  return { found: stdout.split('elements = ').length - 1, absent };
}
