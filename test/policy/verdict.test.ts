import { describe, expect, test } from 'vitest';

import { parseAddress } from '../../src/ip/address.js';
import { type Flow, judgeFlow } from '../../src/policy/verdict.js';
import { planFrom } from './helpers.js';

const PLAN = planFrom(`{
  admins: [1.11.9.9, 192.0.2.7],
  allow: [trusted],
  blocked: [blocked],
  rules: [
    { name: ssh, tcp: [22], only: [home] },
    { name: mail, tcp: [25, 465], deny: [asia], except: [home] },
    { name: look, tcp: [80], deny: [asia], mode: observe },
    { name: ping, icmp: true, deny: [asia] },
    { name: send, tcp: [25], deny: [asia], direction: out },
    { name: lan, tcp: [5000], only: [home], interfaces: [eth0] },
  ]
}`);

function judge(text: string, port: number | undefined, more: Partial<Flow> = {}): string {
  const address = parseAddress(text);
  if ('expected' in address) throw new Error(text);
  const flow: Flow = { address, direction: 'in', protocol: 'tcp', port, ...more };
  const { verdict, rule, list } = judgeFlow(PLAN, flow);
  return [verdict, rule, list].filter((part) => part !== undefined).join(' ');
}

describe('the order of judgement', () => {
  test.each<[string, number | undefined, Partial<Flow>, string]>([
    ['1.11.9.9', 22, {}, 'pass'], // an admin
    ['192.0.2.7', 22, {}, 'pass'], // an admin who is blocked
    ['1.11.7.1', 25, {}, 'pass'], // allowed
    ['1.11.1.1', 22, {}, 'deny ssh'],
    ['133.0.0.1', 22, {}, 'pass'],
    ['10.1.1.1', 22, {}, 'pass'], // private
    ['8.8.8.8', 22, {}, 'deny ssh'],
    ['8.8.8.8', 25, {}, 'pass'],
    ['1.11.1.1', 25, {}, 'deny mail asia'],
    ['1.11.1.1', 26, {}, 'pass'],
    ['1.11.1.1', 25, { protocol: 'udp' }, 'pass'],
    ['1.11.1.1', 80, {}, 'pass look asia'],
    ['1.11.1.1', undefined, { protocol: 'icmp' }, 'deny ping asia'],
    ['1.11.1.1', undefined, { protocol: 'other' }, 'pass'],
    ['1.11.1.1', 25, { direction: 'out' }, 'deny send asia'],
    ['1.11.1.1', 465, { direction: 'out' }, 'pass'],
    ['2001:220::1', 25, {}, 'deny mail asia'],
    ['fe80::1', 22, {}, 'pass'],
    ['2001:db8::1', 22, {}, 'deny ssh'],
    ['8.8.8.8', 5000, { interface: 'eth0' }, 'deny lan'],
    ['8.8.8.8', 5000, { interface: 'eth1' }, 'pass'],
  ])('%s port %s %o: %s', (address, port, more, expected) => {
    expect(judge(address, port, more)).toBe(expected);
  });

  test('what is routed on to others passes in rules, unless `forwarded` says otherwise', () => {
    const address = parseAddress('1.11.1.1');
    if ('expected' in address) throw new Error(address.expected);
    const rules = '[{ name: s, deny: [asia] }, { name: o, deny: [asia], direction: out }]';
    const verdict = (options: string, direction: 'in' | 'out', routed: boolean): string => {
      const plan = planFrom(`{ rules: ${rules}${options} }`);
      return judgeFlow(plan, { address, direction, protocol: 'tcp', port: 7, routed }).verdict;
    };
    expect(verdict('', 'in', true)).toBe('pass');
    expect(verdict('', 'in', false)).toBe('deny');
    expect(verdict('', 'out', true)).toBe('deny');
    expect(verdict(', forwarded: true', 'in', true)).toBe('deny');
    expect(verdict(', blocked: [asia]', 'in', true)).toBe('pass');
    expect(verdict(', blocked: [asia], forwarded: true', 'in', true)).toBe('deny');
  });

  test('the hand-made list is denied on every port, before the rules', () => {
    const plan = planFrom('{ blocked: [asia], rules: [{ name: s, tcp: [22], deny: [asia] }] }');
    const address = parseAddress('1.11.1.1');
    if ('expected' in address) throw new Error(address.expected);
    for (const protocol of ['tcp', 'udp', 'icmp', 'other'] as const) {
      const flow: Flow = { address, direction: 'in', protocol, port: 7 };
      expect(judgeFlow(plan, flow)).toMatchObject({ verdict: 'deny', rule: 'blocked' });
    }
    const out: Flow = { address, direction: 'out', protocol: 'tcp', port: 7 };
    expect(judgeFlow(plan, out)).toMatchObject({ verdict: 'pass' });
  });
});
