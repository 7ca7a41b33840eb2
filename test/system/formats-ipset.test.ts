import { describe, expect } from 'vitest';

import { FAMILIES } from '../../src/ip/family.js';
import { hundredLists, probesOf } from '../helpers/hundred-ranges.js';
import { addressSet } from '../helpers/lists.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import type { RunResult } from '../helpers/run.js';
import { rendered } from '../helpers/rendered.js';

const NEEDS = ['ipset', 'namespace'];
const LONGEST = 'a23456789_123456789_1234';

describe('format ipset in the kernel', () => {
  systemTest('finds every edge of a hundred ranges, and nothing beside', NEEDS, async () => {
    const network = await Namespace.create();
    expect(await restore(network, rendered('ipset', hundredLists()))).toMatchObject(DONE);
    for (const family of FAMILIES) {
      for (const list of ['kr', 'jp']) {
        const probes = probesOf(family);
        const set = `${list}_v${family}`;
        const answers = await ask(
          network,
          set,
          probes.map(({ address }) => address),
        );
        expect(answers).toEqual(probes.map((probe) => probe.list === list));
      }
    }
  });

  systemTest(
    'takes the place of smaller and larger sets that rules refer to',
    [...NEEDS, 'iptables-legacy'],
    async () => {
      const network = await Namespace.create();
      const many = addressSet(
        ...Array.from(
          { length: 70_000 },
          (_, i) => `11.${i >> 15}.${(i >> 7) & 255}.${(2 * i) & 254}`,
        ),
      );
      const few = addressSet('192.0.2.0/24', '2001:db8::/32');
      expect(await restore(network, text(few))).toMatchObject(DONE);
      const rule = ['-A', 'INPUT', '-m', 'set', '--match-set', 'kr_v4', 'src', '-j', 'DROP'];
      expect(await network.run('iptables-legacy', rule)).toMatchObject({ code: 0 });

      for (const [addresses, inside, outside] of [
        [many, '11.0.0.2', '192.0.2.1'],
        [many, '11.0.0.2', '192.0.2.1'],
        [few, '192.0.2.1', '11.0.0.2'],
      ] as const) {
        expect(await restore(network, text(addresses))).toMatchObject(DONE);
        expect(await ask(network, 'kr_v4', [inside, outside])).toEqual([true, false]);
      }
      expect(await restore(network, text(addressSet()))).toMatchObject(DONE);
      expect(await ask(network, 'kr_v4', ['11.0.0.2', '192.0.2.1'])).toEqual([false, false]);
      expect(await names(network)).toEqual(['kr_v4', 'kr_v6']);
    },
  );

  systemTest(
    'an error on the way leaves the live sets; the next load succeeds',
    NEEDS,
    async () => {
      const network = await Namespace.create();
      await restore(network, text(addressSet('192.0.2.0/24')));

      const damaged = text(addressSet('198.51.100.0/24')).replace(
        /^swap/m,
        'add kr_v4_new 1.2.3.0/33\nswap',
      );
      expect(await restore(network, damaged)).toMatchObject({ code: 1 });
      expect(await names(network)).toEqual(['kr_v4', 'kr_v4_new', 'kr_v6', 'kr_v6_new']);
      expect(await ask(network, 'kr_v4', ['192.0.2.1', '198.51.100.1'])).toEqual([true, false]);

      // What is left over has other elements than the list that comes now.
      expect(await restore(network, text(addressSet('203.0.113.0/24')))).toMatchObject(DONE);
      expect(await names(network)).toEqual(['kr_v4', 'kr_v6']);
      const answers = await ask(network, 'kr_v4', ['192.0.2.1', '198.51.100.1', '203.0.113.1']);
      expect(answers).toEqual([false, false, true]);
    },
  );

  systemTest('a set of that name but another kind is not touched', NEEDS, async () => {
    const network = await Namespace.create();
    await network.run('ipset', ['create', 'kr_v4', 'hash:net']);
    await network.run('ipset', ['add', 'kr_v4', '192.0.2.0/24']);
    const { code, stderr } = await restore(network, text(addressSet('198.51.100.0/24')));
    expect(code).toBe(1);
    expect(stderr).toContain('set with the same name already exists');
    expect(await ask(network, 'kr_v4', ['192.0.2.1', '198.51.100.1'])).toEqual([true, false]);
  });

  systemTest('holds a whole family, and names of 24 characters', NEEDS, async () => {
    const network = await Namespace.create();
    const whole = [{ name: LONGEST, addresses: addressSet('0.0.0.0/0', '::/0') }];
    expect(await restore(network, rendered('ipset', whole))).toMatchObject(DONE);
    const ends4 = ['0.0.0.0', '127.255.255.255', '128.0.0.0', '255.255.255.255'];
    const ends6 = ['::', '7fff::', '8000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'];
    expect(await ask(network, `${LONGEST}_v4`, ends4)).toEqual([true, true, true, true]);
    expect(await ask(network, `${LONGEST}_v6`, ends6)).toEqual([true, true, true, true]);
  });
});

const DONE = { code: 0, stdout: '', stderr: '' };

function text(addresses: ReturnType<typeof addressSet>): string {
  return rendered('ipset', [{ name: 'kr', addresses }]);
}

function restore(network: Namespace, input: string): Promise<RunResult> {
  return network.run('ipset', ['restore'], { input });
}

async function names(network: Namespace): Promise<string[]> {
  return (await network.run('ipset', ['list', '-n'])).stdout.trim().split('\n').sort();
}

/** `ipset test` of each address, in one interactive ipset. */
async function ask(
  network: Namespace,
  set: string,
  addresses: readonly string[],
): Promise<boolean[]> {
  const input = addresses.map((address) => `test ${set} ${address}\n`).join('');
  const { stdout, stderr } = await network.run('ipset', ['-'], { input });
  const answers = [...(stdout + stderr).matchAll(/ is (NOT )?in set (\S+)\.$/gm)];
  expect(answers).toHaveLength(addresses.length);
  expect(answers.every((answer) => answer[2] === set)).toBe(true);
  return answers.map((answer) => answer[1] === undefined);
}
