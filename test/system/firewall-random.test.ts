import { beforeAll, describe, expect } from 'vitest';

import { configSchema } from '../../src/config/schema.js';
import { parseAddress } from '../../src/ip/address.js';
import { compilePolicy } from '../../src/policy/compile.js';
import type { Plan } from '../../src/policy/plan.js';
import { judgeFlow } from '../../src/policy/verdict.js';
import { FirewallNetwork, type Wish } from '../helpers/firewall-network.js';
import { VARIANTS, needsOf } from '../helpers/firewall-variants.js';
import { addressSet } from '../helpers/lists.js';
import { missing, systemTest } from '../helpers/programs.js';
import { type JudgedFlow, type RandomFlow, randomCase } from '../helpers/random-plans.js';

/*
 * Random plans, random flows: what the kernel does with real packets is what the pure verdict
 * says. Every backend gets the same. For more, or others:
 *
 *   SEKISHO_RANDOM_PLANS=100 SEKISHO_RANDOM_SEED=7 npx vitest run test/system/firewall-random.test.ts
 */

const PLANS = numberFrom('SEKISHO_RANDOM_PLANS', 4);
const FIRST_SEED = numberFrom('SEKISHO_RANDOM_SEED', 2026);
const FLOWS_PER_PLAN = 8;
const TIMEOUT_MS = 30_000 + PLANS * 5_000;

function numberFrom(variable: string, otherwise: number): number {
  const text = process.env[variable] ?? '';
  return /^\d+$/.test(text) ? Number(text) : otherwise;
}

function planOf({ firewall, lists }: Wish): Plan {
  const config = configSchema.parse({ firewall }).firewall;
  if (config === undefined) throw new Error('no firewall part');
  const sets = Object.entries(lists).map(([name, texts]) => [name, addressSet(...texts)] as const);
  const plan = compilePolicy({ firewall: config, lists: new Map(sets) });
  if ('faults' in plan) throw new Error(JSON.stringify(plan.faults));
  return plan;
}

/** What becomes of a flow: `open`, or how the first rule that denies it answers. */
function expectedOf(plan: Plan, { judged, attempt: { protocol } }: RandomFlow): string {
  for (const flow of judged) {
    const denial = denialOf(plan, flow);
    if (denial === undefined) continue;
    return protocol === 'tcp' && denial === 'reject' ? 'refused' : 'dropped';
  }
  return 'open';
}

function denialOf(plan: Plan, { address: text, ...flow }: JudgedFlow): string | undefined {
  const address = parseAddress(text);
  if ('expected' in address) throw new Error(text);
  const { verdict, rule } = judgeFlow(plan, { address, ...flow });
  if (verdict === 'pass') return undefined;
  return plan.rules.find(({ name }) => name === rule)?.action ?? 'drop';
}

/** Kernels limit how many ICMP errors they send, so one that does not come says nothing. */
function withoutIcmp(verdict: string): string {
  return verdict === 'prohibited' ? 'dropped' : verdict;
}

describe.each(VARIANTS)('random plans on $backend, $iptables$elements', (variant) => {
  const needs = needsOf(variant);
  let network: FirewallNetwork;

  beforeAll(async () => {
    if (missing(...needs) === undefined) network = await FirewallNetwork.create(variant);
  });

  systemTest(
    `${PLANS * FLOWS_PER_PLAN} flows fare as the pure verdict says`,
    needs,
    async () => {
      for (let seed = FIRST_SEED; seed < FIRST_SEED + PLANS; seed++) {
        const { wish, flows } = randomCase(seed, FLOWS_PER_PLAN);
        const plan = planOf(wish);
        await network.apply(wish);
        const told = `seed ${seed}: ${JSON.stringify(wish)}`;
        expect(await network.compare(wish), told).toMatchObject({ rules: [], lists: [] });
        const verdicts = await Promise.all(
          flows.map(async ({ attempt }) => withoutIcmp(await network.verdictOn(attempt))),
        );
        for (const [k, flow] of flows.entries()) {
          const { host, protocol, from, to, port = '' } = flow.attempt;
          const text = `${told}\n${host}: ${protocol} ${from} → ${to} ${port}`;
          expect(verdicts[k], text).toBe(expectedOf(plan, flow));
        }
      }
    },
    TIMEOUT_MS,
  );
});

/** A test that never sees a denial would prove nothing. */
systemTest('the flows of the default run meet every outcome', [], () => {
  const outcomes = new Map<string, number>();
  for (let seed = 2026; seed < 2026 + 4; seed++) {
    const { wish, flows } = randomCase(seed, FLOWS_PER_PLAN);
    for (const flow of flows) {
      const outcome = expectedOf(planOf(wish), flow);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  }
  expect([...outcomes.keys()].sort()).toEqual(['dropped', 'open', 'refused']);
  expect(outcomes.get('open')).toBeLessThan(20);
});
