import { describe, expect, test } from 'vitest';

import { addressSet } from '../helpers/lists.js';
import { LISTS, compile, planFrom } from './helpers.js';

describe('a plan', () => {
  test('holds the lists that are referred to, and no other', () => {
    const plan = planFrom('{ allow: [trusted], rules: [{ name: s, tcp: [22], deny: [asia] }] }');
    expect([...plan.lists.keys()].sort()).toEqual(['asia', 'blocked', 'trusted']);
  });

  test('blocks the list named blocked without a rule, or those that are named, or none', () => {
    expect(planFrom('{}').blocked).toEqual(['blocked']);
    expect(planFrom('{ blocked: [asia] }').blocked).toEqual(['asia']);
    expect(planFrom('{ blocked: [] }').blocked).toEqual([]);
    const without = new Map([...LISTS].filter(([name]) => name !== 'blocked'));
    expect(planFrom('{}', without).blocked).toEqual([]);
  });

  test('asks a list once that is named twice', () => {
    const plan = planFrom(
      '{ allow: [trusted, trusted], blocked: [blocked, asia, blocked], rules: [' +
        '{ name: s, tcp: [22], deny: [asia, only4, asia], except: [home, home] }] }',
    );
    expect(plan.allow).toEqual(['trusted']);
    expect(plan.blocked).toEqual(['blocked', 'asia']);
    expect(plan.rules[0]?.judgements.get(4)?.lists).toEqual(['asia', 'only4']);
    expect(plan.rules[0]?.except).toEqual(['home']);
  });

  test('merges ports, and judges everything but ICMP where none is named', () => {
    const plan = planFrom(`{ rules: [
      { name: a, tcp: [443, "80-81", 82, 22], deny: [asia] },
      { name: b, deny: [asia] },
      { name: c, icmp: true, deny: [asia] },
      { name: d, udp: all, deny: [asia] } ] }`);
    const all = [{ first: 0, last: 65535 }];
    expect(plan.rules.map(({ traffic }) => traffic)).toEqual([
      {
        tcp: [
          { first: 22, last: 22 },
          { first: 80, last: 82 },
          { first: 443, last: 443 },
        ],
        udp: undefined,
        icmp: false,
        others: false,
      },
      { tcp: all, udp: all, icmp: false, others: true },
      { tcp: undefined, udp: undefined, icmp: true, others: false },
      { tcp: undefined, udp: all, icmp: false, others: false },
    ]);
  });

  test('denies nothing in a family in which a denied list is empty', () => {
    const plan = planFrom(
      '{ rules: [{ name: s, tcp: [22], deny: [only4, asia] }, { name: t, deny: [only4] }] }',
    );
    expect(plan.rules[0]?.judgements.get(4)).toEqual({ kind: 'deny', lists: ['only4', 'asia'] });
    expect(plan.rules[0]?.judgements.get(6)).toEqual({ kind: 'deny', lists: ['asia'] });
    expect([...(plan.rules[1]?.judgements.keys() ?? [])]).toEqual([4]);
  });

  test('spares private addresses in an only rule unless they are to be judged', () => {
    const [spares, judges] = planFrom(`{ rules: [
      { name: a, tcp: [22], only: [home] }, { name: b, tcp: [22], only: [home], private: true } ] }`).rules;
    expect(spares?.judgements.get(4)).toMatchObject({ kind: 'only', lists: ['home'] });
    const spared = [spares, judges].map((rule) => {
      const judgement = rule?.judgements.get(4);
      return judgement?.kind === 'only' ? judgement.spared.v4.isEmpty : undefined;
    });
    expect(spared).toEqual([false, true]);
  });

  test('observes as the whole firewall does, or as the rule says', () => {
    const rules = 'rules: [{ name: a, deny: [asia] }, { name: b, deny: [asia], mode: enforce }]';
    const plan = planFrom(`{ mode: observe, ${rules} }`);
    expect(plan.rules.map((rule) => rule.observe)).toEqual([true, false]);
    expect(plan.observeBlocked).toBe(true);
  });
});

describe('what cannot be meant is a fault with its place', () => {
  test.each([
    [
      '{ rules: [{ name: a, only: [only4] }] }',
      ['rules', 0, 'only'],
      /no IPv6 address in only4/,
      /empty: deny/,
    ],
    [
      '{ rules: [{ name: a, deny: [asia, nowhere] }] }',
      ['rules', 0, 'deny', 1],
      /"nowhere"/,
      /one of the lists asia/,
    ],
    [
      '{ rules: [{ name: a, deny: [asia], except: [x] }] }',
      ['rules', 0, 'except', 0],
      /"x"/,
      /one of the lists/,
    ],
    ['{ allow: [x] }', ['allow', 0], /"x"/, /one of the lists/],
    ['{ blocked: [x] }', ['blocked', 0], /"x"/, /one of the lists/],
    [
      '{ rules: [{ name: a, deny: [asia] }, { name: a, deny: [asia] }] }',
      ['rules', 1, 'name'],
      /"a"/,
      /no other rule/,
    ],
    [
      '{ rules: [{ name: blocked, deny: [asia] }] }',
      ['rules', 0, 'name'],
      /"blocked"/,
      /not blocked/,
    ],
    [
      '{ rules: [{ name: a, tcp: ["90-80"], deny: [asia] }] }',
      ['rules', 0, 'tcp', 0],
      /"90-80"/,
      /lower one first/,
    ],
    [
      '{ rules: [{ name: a, udp: ["1-70000"], deny: [asia] }] }',
      ['rules', 0, 'udp', 0],
      /"1-70000"/,
      /1 to 65535/,
    ],
    ['{ admins: ["198.51.100.1/24"] }', ['admins', 0], /198\.51\.100\.1\/24/, /no host bits/],
  ])('%s', (firewall, path, found, expected) => {
    const plan = compile(firewall);
    if (!('faults' in plan)) throw new Error('it was taken');
    expect(plan.faults).toHaveLength(1);
    expect(plan.faults[0]?.path).toEqual(path);
    expect(plan.faults[0]?.found).toMatch(found);
    expect(plan.faults[0]?.expected).toMatch(expected);
  });

  test('an only rule of a family without entries is taken where it says so', () => {
    const [rule] = planFrom('{ rules: [{ name: a, only: [only4], empty: deny }] }').rules;
    expect(rule?.judgements.get(6)).toMatchObject({ kind: 'only', lists: [] });
  });

  test('no list at all', () => {
    const plan = compile('{ rules: [{ name: a, deny: [asia] }] }', new Map([['b', addressSet()]]));
    expect(plan).toMatchObject({ faults: [{ found: '"asia"' }] });
  });
});
