import { describe, expect, test } from 'vitest';

import { judgementsOf } from '../../src/firewall/iptables/judgement.js';
import { MARK_CHAIN, isTreeChain, listSet, logPrefix } from '../../src/firewall/iptables/names.js';
import { reason } from '../../src/firewall/iptables/programs.js';
import { ruleDifferences } from '../../src/firewall/iptables/rules.js';
import { setRulesOf } from '../../src/firewall/iptables/set-rules.js';
import { newSetLines, readSavedSet } from '../../src/firewall/iptables/sets.js';
import { EMPTY_TABLE, type Tables, readSaved } from '../../src/firewall/iptables/table.js';
import { transitionOf } from '../../src/firewall/iptables/transition.js';
import { heldTree } from '../../src/firewall/iptables/tree-listing.js';
import { depthOf, treeRulesOf } from '../../src/firewall/iptables/tree-rules.js';
import { FAMILIES, type Family } from '../../src/ip/family.js';
import { compilePolicy } from '../../src/policy/compile.js';
import { configSchema } from '../../src/config/schema.js';
import { TimedRanges } from '../../src/ip/timed-ranges.js';
import type { Plan } from '../../src/policy/plan.js';
import { addressSet } from '../helpers/lists.js';

const NOTHING: Tables = { filter: EMPTY_TABLE, mangle: EMPTY_TABLE };

const LISTS = {
  asia: addressSet('203.0.113.0/24', '192.0.2.0-192.0.2.2', '2001:db8:a::/48'),
  home: addressSet('198.51.100.0/25', '2001:db8:b::/48'),
  trusted: addressSet('203.0.113.7', '2001:db8:a::7'),
  blocked: addressSet('192.0.2.66'),
  everybody: addressSet('0.0.0.0/0', '::/0'),
};

function planOf(firewall: Record<string, unknown>): Plan {
  const config = configSchema.parse({ firewall }).firewall;
  if (!config) throw new Error('no firewall part');
  const plan = compilePolicy({ firewall: config, lists: new Map(Object.entries(LISTS)) });
  if ('faults' in plan) throw new Error(JSON.stringify(plan.faults));
  return plan;
}

const PLAN = planOf({
  admins: ['198.51.100.200'],
  allow: ['trusted'],
  rules: [
    { name: 'ssh', tcp: [22], only: ['home'], log: true },
    { name: 'mail', tcp: [25, 465, '587-588'], deny: ['asia'], action: 'reject' },
    {
      name: 'all',
      deny: ['asia'],
      except: ['home'],
      mode: 'observe',
      interfaces: ['eth0', 'eth1'],
    },
    { name: 'away', direction: 'out', udp: [53], deny: ['everybody'] },
  ],
});

/** What would be loaded where nothing stands. */
function fresh(rulesOf: (family: Family) => Tables): string {
  return FAMILIES.map((family) => `# IPv${family}\n${transitionOf(NOTHING, rulesOf(family))}`).join(
    '',
  );
}

/** A listing as iptables-save -c prints what was wanted. */
function saved({ filter, mangle }: Tables): string {
  return [filter, mangle]
    .flatMap(({ chains, jumps }, i) => [
      i === 0 ? '*filter' : '*mangle',
      ':FORWARD ACCEPT [0:0]',
      ...[...chains.keys()].map((name) => `:${name} - [0:0]`),
      ...jumps.map(({ chain, text }) => `[3:99] -A ${chain} ${text}`),
      ...[...chains].flatMap(([name, rules]) =>
        rules.map(({ text }) => `[3:99] -A ${name} ${text}`),
      ),
      'COMMIT',
    ])
    .join('\n');
}

describe('restore text', () => {
  test('with ipsets', async () => {
    const text = fresh((family) => setRulesOf(PLAN, family));
    await expect(text).toMatchFileSnapshot('../golden/firewall/ipset.rules');
  });

  test('with chains in place of sets', async () => {
    const text = fresh((family) => treeRulesOf(PLAN, family).tables);
    await expect(text).toMatchFileSnapshot('../golden/firewall/iptables.rules');
  });

  test('has no name that iptables refuses', () => {
    const rule = 'r'.repeat(16);
    const lists = ['a'.repeat(24), `${'a'.repeat(23)}b`];
    const config = configSchema.parse({ firewall: { rules: [{ name: rule, deny: lists }] } });
    if (!config.firewall) throw new Error('no firewall part');
    const contents = new Map(lists.map((name) => [name, LISTS.asia]));
    const plan = compilePolicy({ firewall: config.firewall, lists: contents });
    if ('faults' in plan) throw new Error(JSON.stringify(plan.faults));
    const names = [...treeRulesOf(plan, 4).tables.mangle.chains.keys()];
    expect(names.length).toBeGreaterThan(8);
    expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(28);
    expect(() => setRulesOf(plan, 4)).toThrow(
      /the list a{24} cannot be an ipset: .* 35 characters; expected at most 31/,
    );
    expect(logPrefix(rule, lists[0] ?? '').length).toBeLessThanOrEqual(29);
    expect(logPrefix('ssh', 'asia')).toBe('sekisho ssh asia: ');
    expect(listSet('a'.repeat(20), 4)).toHaveLength(31);
  });

  test('divides more ports than one multiport match takes', () => {
    const tcp = [...Array.from({ length: 14 }, (_, i) => 2 * i + 1), '100-200', 300];
    const { mangle } = judgementsOf(planOf({ rules: [{ name: 'p', tcp, deny: ['asia'] }] }), 4);
    const rules = mangle.find(({ name }) => name === 'SEKISHO-IN')?.rules ?? [];
    const ports = rules.flatMap(
      (rule) => (typeof rule === 'string' && /--dports (\S+)/.exec(rule)?.[1]) || [],
    );
    expect(ports).toEqual(['1,3,5,7,9,11,13,15,17,19,21,23,25,27', '100:200,300']);
  });

  test('leaves a family alone that no rule judges', () => {
    const plan = planOf({ blocked: [], rules: [{ name: 'x', tcp: [1], deny: ['blocked'] }] });
    expect(transitionOf(NOTHING, setRulesOf(plan, 4))).toContain('*mangle');
    expect(transitionOf(NOTHING, setRulesOf(plan, 6))).toBe('');
  });
});

test('chains lie no deeper than nf_tables allows, however many lists a rule asks for', () => {
  const many = Array.from({ length: 3000 }, (_, i) => `11.${i >> 7}.${(2 * i) & 255}.0/24`);
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const firewall = {
    allow: ['f'],
    rules: [{ name: 'x', deny: names.slice(0, 3), except: ['d', 'e'] }],
  };
  const config = configSchema.parse({ firewall }).firewall;
  if (!config) throw new Error('no firewall part');
  const lists = new Map(names.map((name) => [name, addressSet(...many)]));
  const plan = compilePolicy({ firewall: config, lists });
  if ('faults' in plan) throw new Error(JSON.stringify(plan.faults));
  expect(depthOf(treeRulesOf(plan, 4).tables.mangle)).toBeLessThanOrEqual(15);
  expect(depthOf(treeRulesOf(PLAN, 4).tables.mangle)).toBeGreaterThan(5);
});

describe('transition', () => {
  const wanted = setRulesOf(PLAN, 4);

  test('is empty where nothing differs, and back to nothing where nothing is wanted', () => {
    const held = readSaved(saved(wanted));
    expect(transitionOf(held, wanted)).toBe('');
    const text = transitionOf(held, NOTHING);
    expect(text).toContain('-D PREROUTING -j SEKISHO-IN\n');
    expect(text).toContain('-X SEKISHO-r-ssh\n');
    expect(text).not.toMatch(/^-[AI]/m);
    expect(transitionOf(NOTHING, NOTHING)).toBe('');
  });

  test('writes only chains that differ', () => {
    const held = readSaved(saved(wanted).replace('--dports 25,465,587:588', '--dports 25'));
    const text = transitionOf(held, wanted);
    expect([...text.matchAll(/^:(\S+)/gm)].map(([, name]) => name)).toEqual(['SEKISHO-IN']);
    expect(text).not.toMatch(/^-[DIX]/m);
  });

  test('loads what rejects before what marks, and takes it away after', () => {
    const tables = (text: string): string[] => text.match(/^\*.*/gm) ?? [];
    expect(tables(transitionOf(NOTHING, wanted))).toEqual(['*filter', '*mangle']);
    expect(tables(transitionOf(wanted, NOTHING))).toEqual(['*mangle', '*filter']);
  });

  test('puts jumps back at the place where they stood', () => {
    const jump = { chain: 'FORWARD', place: 3, text: '-j SEKISHO-REJECT' };
    const before = { ...NOTHING, filter: { chains: wanted.filter.chains, jumps: [jump] } };
    const text = transitionOf(wanted, { ...before, mangle: wanted.mangle });
    expect(text.match(/^-[DI].*/gm)).toEqual([
      '-D FORWARD -j SEKISHO-REJECT',
      '-D INPUT -j SEKISHO-REJECT',
      '-I FORWARD 3 -j SEKISHO-REJECT',
    ]);
  });
});

describe('listing', () => {
  test('takes nothing for ours that is not', () => {
    const held = readSaved(
      [
        '*nat',
        ':SEKISHO-IN - [0:0]',
        '-A PREROUTING -j SEKISHO-IN',
        'COMMIT',
        '*filter',
        ':INPUT ACCEPT [5:6]',
        ':sekisho-kr - [0:0]',
        ':DOCKER - [0:0]',
        '[1:2] -A INPUT -j sekisho-kr',
        '[1:2] -A INPUT -m comment --comment "-j SEKISHO-IN" -j DOCKER',
        '[1:2] -A INPUT -s 192.0.2.1/32 -g SEKISHO-REJECT',
        'COMMIT',
      ].join('\n'),
    );
    expect(held.mangle).toEqual(EMPTY_TABLE);
    expect([...held.filter.chains]).toEqual([]);
    expect(held.filter.jumps).toEqual([
      { chain: 'INPUT', place: 3, text: '-s 192.0.2.1/32 -g SEKISHO-REJECT' },
    ]);
  });

  test('knows rules without our mark, and jumps at the wrong place', () => {
    const wanted = setRulesOf(PLAN, 4);
    expect(ruleDifferences(4, wanted, NOTHING)).toEqual(['IPv4: the rules are missing']);
    const text = saved(wanted).replace(
      '[3:99] -A PREROUTING',
      '[0:0] -A PREROUTING -j ACCEPT\n[3:99] -A PREROUTING',
    );
    expect(ruleDifferences(4, wanted, readSaved(text))).toEqual([
      'IPv4: the rules carry no mark of ours',
      'IPv4: mangle PREROUTING: our rule `-j SEKISHO-IN` is not the first rule, once',
    ]);
    const marks = `:${MARK_CHAIN} - [0:0]\n[0:0] -A ${MARK_CHAIN} -m comment --comment "wanted=0 held=0"`;
    const marked = saved(wanted).replace('*mangle', `*mangle\n${marks}`);
    expect(ruleDifferences(4, wanted, readSaved(marked))).toEqual([
      'IPv4: the rules are those of another plan',
    ]);
  });

  test('reads the addresses of a list out of its chains', () => {
    const { tables, trees } = treeRulesOf(PLAN, 4);
    const tree = trees.find(({ name }) => name.includes('mail'));
    if (!tree) throw new Error('no tree of the rule mail');
    const listing = saved(tables);
    expect(isTreeChain(`${tree.name}-0`)).toBe(true);
    expect(heldTree(tree, readSaved(listing).mangle)).toEqual({
      isWhole: true,
      held: TimedRanges.permanent(tree.ranges),
    });
    const damaged = readSaved(
      listing.replace(`-A ${tree.name}-0 -s 192.0.2.2/32`, '-A other -s 1/8'),
    );
    expect(heldTree(tree, damaged.mangle)).toEqual({
      isWhole: false,
      held: TimedRanges.permanent(addressSet('203.0.113.0/24', '192.0.2.0/31').v4),
    });
  });

  test('reads sets, with holes', () => {
    const text = [
      'create x hash:net family inet hashsize 64 maxelem 65536 bucketsize 12 initval 0x1',
      'add x 203.0.113.0/24',
      'add x 192.0.2.1',
      'add x 203.0.113.128/25 nomatch',
    ].join('\n');
    expect(readSavedSet(text, 4, 0)).toEqual({
      isOurType: true,
      ranges: addressSet('203.0.113.0/25', '192.0.2.1').v4,
    });
    expect(readSavedSet(text, 6, 0).isOurType).toBe(false);
    expect(readSavedSet(text.replace(' bucketsize', ' timeout 5 bucketsize'), 4, 0).isOurType).toBe(
      false,
    );
    expect(readSavedSet(text.replace('hash:net', 'hash:ip'), 4, 0).isOurType).toBe(false);
  });
});

test('sets are large enough for their lists, and never hold /0', () => {
  expect(newSetLines({ name: 'x', ranges: LISTS.everybody.v4 }, 0)).toEqual([
    'create x hash:net family inet hashsize 64 maxelem 65536',
    'add x 0.0.0.0/1',
    'add x 128.0.0.0/1',
  ]);
  const many = Array.from(
    { length: 70_000 },
    (_, i) => `10.${i >> 15}.${(i >> 7) & 255}.${(2 * i) & 255}`,
  );
  const [create, ...adding] = newSetLines({ name: 'x', ranges: addressSet(...many).v4 }, 0);
  expect(adding).toHaveLength(70_000);
  expect(create).toBe('create x hash:net family inet hashsize 32768 maxelem 131072');
});

test.each([
  ['iptables-restore v1.8.9 (legacy): Permission denied (you must be root)\n', /; run as root/],
  [
    "can't initialize iptables table `mangle': Table does not exist (do you need to insmod?)\n",
    /modprobe/,
  ],
  [
    'iptables-restore: line 3 failed: No chain/target/match by that name.\n',
    /\(in: -A x -j NO\); .*module/,
  ],
  [
    'Warning: Extension time revision 0 not supported, missing kernel module?\niptables-restore: line 4 failed\n',
    /; load the kernel's module \(modprobe xt_time\), which entries that end/,
  ],
  ['# Warning: tables of others\n', /^it said nothing$/],
])('a reason of iptables %#', (stderr, expected) => {
  expect(reason(stderr, '*mangle\n:x - [0:0]\n-A x -j NO\nCOMMIT\n')).toMatch(expected);
});
