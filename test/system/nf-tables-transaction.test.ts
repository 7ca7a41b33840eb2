import { fileURLToPath } from 'node:url';

import { describe, expect } from 'vitest';

import type { SetChange } from '../../src/linux/change-elements.js';
import { exactDifference } from '../../src/linux/nf-tables/difference.js';
import { Namespace } from '../helpers/namespace.js';
import { Driver } from '../helpers/nf-tables-driver.js';
import { INTERVALS, NEEDS, makeSets, named, nft, refusalOf } from '../helpers/nf-tables-sets.js';
import { systemTest } from '../helpers/programs.js';
import { type Range, columnsOf } from '../linux/range-columns.js';

describe('a transaction', () => {
  const RANGE: Range = [0x0a000000n, 0x0a000009n];
  const add = (set: string, ...ranges: Range[]): SetChange => ({
    ...named(set, 1),
    add: columnsOf(ranges, 1),
  });

  systemTest(
    'is made in all of its sets or in none, and the error names the one',
    NEEDS,
    async () => {
      const network = await Namespace.create();
      const driver = await Driver.start(network);
      await makeSets(network, {
        a: INTERVALS[1],
        b: INTERVALS[1],
        six: INTERVALS[4],
        few: `${INTERVALS[1]} size 4;`,
        ports: 'type inet_service; flags interval;',
        hash: 'type ipv4_addr; elements = { 192.0.2.1 };',
      });
      await driver.change([add('b', RANGE)]);
      const before = await nft(network, 'list ruleset');
      const fault = async (...changes: SetChange[]): Promise<string> => {
        const first: SetChange = { ...named('b', 1), flush: true };
        const error = await refusalOf(driver.change([first, add('a', [1n, 2n]), ...changes]));
        expect(error.kind).toBe('SystemError');
        expect(error.message).toMatch(/^nf_tables refused /);
        expect(error.message).toMatch(/; nothing was changed$/);
        expect(await nft(network, 'list ruleset')).toBe(before);
        return `${error.code ?? ''}: ${error.message}`;
      };

      expect(await fault(add('nowhere', RANGE))).toBe(
        'ENOENT: nf_tables refused to change set nowhere of table inet t: there is no such set; ' +
          'make it first; nothing was changed',
      );
      expect(await fault({ ...add('a', RANGE), table: 'other' })).toContain(
        'there is no table inet other; make it first',
      );
      expect(await fault({ ...add('a', RANGE), family: 'ip' })).toContain('there is no table ip t');
      expect(await fault(add('a', [2n, 9n]))).toBe(
        'EEXIST: nf_tables refused to add 0.0.0.2-0.0.0.9 to set a of table inet t: it overlaps a ' +
          'range that is there; remove that one in the same change, or flush the set; ' +
          'nothing was changed',
      );
      expect(await fault({ ...named('a', 1), remove: columnsOf([[1n, 1n], RANGE], 1) })).toContain(
        'ENOENT: nf_tables refused to remove 0.0.0.1 from set a of table inet t: the set has no ' +
          'such range; it has to be named as it was added',
      );
      const single = (i: number): Range => [BigInt(2 * i), BigInt(2 * i)];
      expect(await fault(add('few', ...Array.from({ length: 40 }, (_, i) => single(i))))).toMatch(
        /^ENFILE: .* to set few of table inet t: the set is full/,
      );
      for (const set of ['six', 'ports', 'hash']) {
        expect(await fault(add(set, RANGE))).toMatch(
          new RegExp(`^EINVAL: .* to add 10.0.0.0-10.0.0.9 to set ${set} .*unfit for the set`),
        );
      }
      const timed = { ...columnsOf([RANGE], 1), timeoutsMs: [5000] };
      expect(await fault({ ...named('a', 1), add: timed })).toContain('with timeout if');
    },
  );

  systemTest('names the range at fault among thousands', NEEDS, async () => {
    const network = await Namespace.create();
    const driver = await Driver.start(network);
    await makeSets(network, { a: INTERVALS[1], six: INTERVALS[4] });
    const many = Array.from({ length: 5000 }, (_, i): Range => [BigInt(i) << 12n, (BigInt(i) << 12n) + 99n]); // prettier-ignore
    await driver.change([add('a', [(4321n << 12n) + 50n, (4321n << 12n) + 50n])]);
    expect((await refusalOf(driver.change([add('a', ...many)]))).message).toContain(
      'to add 1.14.16.0-1.14.16.99 to set a of table inet t: it overlaps',
    );
    const six = columnsOf([[0x20010db8n << 96n, (0x20010db8n << 96n) + 0xffffn]], 4);
    const missing = driver.change([{ ...named('six', 4), remove: six }]);
    expect((await refusalOf(missing)).message).toContain(
      'to remove 2001:db8:0:0:0:0:0:0-2001:db8:0:0:0:0:0:ffff from set six',
    );
  });

  systemTest('without the right to it changes nothing', [...NEEDS, 'setpriv'], async () => {
    const network = await Namespace.create();
    await makeSets(network, { a: INTERVALS[1] });
    const driver = await Driver.start(network, ['setpriv', '--bounding-set=-net_admin']);
    expect(await refusalOf(driver.change([add('a', RANGE)]))).toMatchObject({
      code: 'EPERM',
      kind: 'SystemError',
      message:
        'nf_tables refused the change: not permitted: changing and reading nf_tables needs ' +
        'CAP_NET_ADMIN in this network namespace; run as root; nothing was changed',
    });
    expect(await refusalOf(driver.read(named('a', 1)))).toMatchObject({ code: 'EPERM' });
    expect(await nft(network, 'list ruleset')).not.toContain('elements');
  });

  systemTest('raises the generation once, and not if there is nothing to do', NEEDS, async () => {
    const network = await Namespace.create();
    const driver = await Driver.start(network);
    await makeSets(network, { a: INTERVALS[1], b: INTERVALS[1] });
    const begin = await driver.generation();
    await driver.change([add('a', RANGE), add('b', RANGE)], { generation: begin });
    expect(await driver.generation()).toBe(begin + 1);
    const { firsts, lasts } = await driver.read(named('a', 1));
    const none = exactDifference({ firsts, lasts }, columnsOf([RANGE], 1), 1);
    await driver.change([{ ...named('a', 1), ...none }, add('b')]);
    expect(await driver.generation()).toBe(begin + 1);
    expect(
      await refusalOf(driver.change([add('a', [1n, 1n])], { generation: begin })),
    ).toMatchObject({ code: 'ERESTART', message: expect.stringContaining('somebody else') });
  });

  systemTest(
    'replaces a set under a rule with no packet in between',
    [...NEEDS, 'ip'],
    async () => {
      const network = await Namespace.create();
      const driver = await Driver.start(network);
      await makeSets(network, { a: INTERVALS[1] });
      const loopback: Range = [0x7f000000n, 0x7f0000ffn];
      await driver.change([add('a', loopback)]);
      await nft(
        network,
        `table inet t {
         counter inside { }
         counter outside { }
         chain input {
           type filter hook input priority 0;
           ip saddr 127.0.0.2 ip saddr @a counter name inside
           ip saddr 127.0.0.2 ip saddr != @a counter name outside
         }
       }`,
      );
      const sender = fileURLToPath(new URL('../helpers/send-from.mjs', import.meta.url));
      const sending = network.run(process.execPath, [sender, '127.0.0.1'], {
        input: '127.0.0.2\n'.repeat(3000),
      });
      const progress = { done: false };
      const ended = sending.then(() => (progress.done = true));
      let changes = 0;
      for (; !progress.done && changes < 2000; changes++) {
        // with neighbours below, so that the tree is another each time
        const below = Array.from({ length: changes % 50 }, (_, i): Range => {
          return [BigInt(9 * i), BigInt(9 * i + 4)];
        });
        await driver.change([{ ...add('a', ...below, loopback), flush: true }]);
      }
      await ended;
      const counters = await nft(network, 'list counters table inet t');
      const packets = [...counters.matchAll(/packets (\d+)/g)].map((match) => Number(match[1]));
      expect(packets).toEqual([3000, 0]);
      expect(changes).toBeGreaterThan(20);
      expect(await nft(network, 'list ruleset')).toContain('ip saddr @a counter name "inside"');
    },
  );
});
