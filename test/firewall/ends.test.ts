import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Difference } from '../../src/firewall/backend.js';
import {
  type HeldTimes,
  elementSteps,
  endDifference,
  sameEndAt,
} from '../../src/firewall/end-difference.js';
import {
  MAX_TIMEOUT_SECONDS,
  STEP_SECONDS,
  kernelEnd,
  renewableEndAt,
  sameKernelEndAt,
} from '../../src/firewall/iptables/set-timeouts.js';
import { readBootSets, bootSets } from '../../src/firewall/iptables/boot.js';
import { bootRuleset, bootRulesetAt, withElements } from '../../src/firewall/nftables/boot.js';
import { parseConfig } from '../../src/config/load.js';
import { NEVER, type TimedRanges } from '../../src/ip/timed-ranges.js';
import type { TimedAddressSet } from '../../src/ip/timed-address-set.js';
import { addressesOf, parseManualList, timesOf } from '../../src/lists/manual.js';
import { compilePolicy } from '../../src/policy/compile.js';
import type { Plan } from '../../src/policy/plan.js';

const NOW_MS = Date.parse('2026-06-01T00:00:00Z');
const DAY_MS = 86_400_000;

function timesFrom(text: string): TimedAddressSet {
  const times = timesOf(parseManualList(text).entries);
  if (times === undefined) throw new Error(`nothing ends in ${text}`);
  return times;
}

/** What the kernel holds of a list at a time, read within a moment. */
function heldAt(text: string, nowMs = NOW_MS): HeldTimes {
  return { ranges: timesFrom(text).v4, fromMs: nowMs, toMs: nowMs + 20 };
}

describe('the difference of ends', () => {
  const compare = (wanted: string, held: string): Difference['lists'][number] | undefined =>
    endDifference('x', timesFrom(wanted).v4, heldAt(held));

  test('is none within a moment of each other, and of what ends or ended just now', () => {
    const wanted = '192.0.2.1 until=2026-07-01\n192.0.2.2 until=2026-06-01T00:00:02Z';
    expect(compare(wanted, '192.0.2.1 until=2026-07-02T00:00:09Z')).toBeDefined();
    expect(compare(wanted, '192.0.2.1 until=2026-07-02T00:00:01Z')).toBeUndefined();
    expect(
      compare(
        '192.0.2.1 until=2026-07-01',
        `192.0.2.1 until=2026-07-01\n192.0.2.2 until=2026-06-01T00:00:01Z`,
      ),
    ).toBeUndefined();
    expect(
      compare(`${wanted}\n192.0.2.3 until=2020-01-01`, '192.0.2.1 until=2026-07-01'),
    ).toBeUndefined();
  });

  test('tells what is missing, too much, and ends at another time', () => {
    const told = compare(
      '192.0.2.0/24 until=2026-07-01\n192.0.2.9',
      '192.0.2.0/25 until=2026-07-01\n198.51.100.1 until=2026-07-01',
    );
    expect(told?.missing.countAddresses()).toBe(128);
    expect(told?.surplus.countAddresses()).toBe(1);
    expect(told?.timed?.retimed.countAddresses()).toBe(1);
  });
});

test('steps lead from what is held to what is wanted, element by element', () => {
  const entry = fc
    .tuple(
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 6 }),
      fc.integer({ min: 0, max: 3 }),
    )
    .map(([first, size, end]) => {
      const until = end === 0 ? '' : ` until=2026-0${6 + end}-01`;
      return `10.0.0.${first}-10.0.0.${first + size}${until}`;
    });
  const lists = fc.array(entry, { maxLength: 12 }).map((lines) => {
    return timesFrom(['10.0.1.1 until=2026-07-01', ...lines].join('\n')).v4;
  });
  const keys = ({ firsts, lasts, endsMs }: TimedRanges): string[] =>
    Array.from(endsMs, (endMs, i) => `${firsts[i]}-${lasts[i]} ${endMs}`);
  fc.assert(
    fc.property(lists, lists, (wanted, held) => {
      const sameEnd = sameEndAt({ fromMs: NOW_MS, toMs: NOW_MS });
      const { add, remove } = elementSteps(wanted, held, sameEnd);
      const gone = new Set(keys(remove));
      const after = [...keys(held).filter((key) => !gone.has(key)), ...keys(add)];
      expect(after.sort()).toEqual(keys(wanted).sort());
      // nothing goes only to come again as it was
      expect(keys(add).filter((key) => gone.has(key))).toEqual([]);
    }),
  );
});

describe('an end that ipset cannot hold', () => {
  const endMs = NOW_MS + 90 * DAY_MS;
  const ends = (held: number, nowMs: number): { drift: boolean; renewal: boolean } => {
    const times = { ...heldAt('192.0.2.1 until=2026-07-01', nowMs) };
    return {
      drift: !sameKernelEndAt(times)(endMs, held),
      renewal: !renewableEndAt(times)(endMs, held),
    };
  };

  test('is brought nearer by steps, and nearer than half the longest never', () => {
    const first = kernelEnd(endMs, NOW_MS);
    expect(first - NOW_MS).toBeLessThanOrEqual(MAX_TIMEOUT_SECONDS * 1000);
    expect(first - NOW_MS).toBeGreaterThan((MAX_TIMEOUT_SECONDS * 1000) / 2);
    expect((endMs - first) % (STEP_SECONDS * 1000)).toBe(0);
    expect(kernelEnd(NEVER, NOW_MS)).toBe(NEVER);
    expect(kernelEnd(NOW_MS + DAY_MS, NOW_MS)).toBe(NOW_MS + DAY_MS);
  });

  test('is no drift while its timer runs, and renewed in time', () => {
    let held = kernelEnd(endMs, NOW_MS);
    let renewed = 0;
    for (let nowMs = NOW_MS; nowMs < endMs - DAY_MS; nowMs += DAY_MS) {
      expect(held).toBeGreaterThan(nowMs);
      const { drift, renewal } = ends(held, nowMs);
      expect(drift).toBe(false);
      if (!renewal) continue;
      held = kernelEnd(endMs, nowMs);
      renewed += 1;
      expect(ends(held, nowMs)).toEqual({ drift: false, renewal: false });
    }
    expect(held).toBe(endMs);
    expect(renewed).toBeLessThan(10);
  });

  test('that a person edits is drift', () => {
    const held = kernelEnd(endMs + DAY_MS, NOW_MS);
    expect(ends(held, NOW_MS).drift).toBe(true);
    expect(ends(NEVER, NOW_MS).drift).toBe(true);
  });
});

describe('boot files', () => {
  const text = '192.0.2.1 until=2026-06-01T01:00:00Z\n192.0.2.2 until=2026-09-01\n192.0.2.3';

  test('of ipset hold the times, and are read as they were written', () => {
    const [timed, ranges] = [timesFrom(text).v4, timesFrom(text).v4.addresses()];
    const file = bootSets([{ name: 'sekisho-x_v4', ranges, timed }], NOW_MS);
    expect(file).toContain('# until=1780275600\nadd sekisho-new.0 192.0.2.1/32 timeout 3600\n');
    expect(file).toContain('\nadd sekisho-new.0 192.0.2.3/32\n');
    expect(readBootSets(file)).toEqual([{ name: 'sekisho-x_v4', ranges, timed }]);
  });

  test('of nftables stay JSON, whatever has ended by then', () => {
    const file = bootRuleset(planOf(text), 'marks', NOW_MS);
    const elements = (at: string): unknown[] =>
      (
        JSON.parse(at) as { nftables: { add?: { element?: { elem: unknown[] } } }[] }
      ).nftables.flatMap(({ add }) => add?.element?.elem ?? []);
    expect(elements(file)).toHaveLength(3);
    const later = bootRulesetAt(file, NOW_MS + 2 * DAY_MS);
    expect(elements(later)).toEqual([
      { elem: { val: '192.0.2.2', timeout: 91 * 86_400 } },
      '192.0.2.3',
    ]);
    expect(elements(bootRulesetAt(file, NOW_MS + 900 * DAY_MS))).toEqual(['192.0.2.3']);
  });

  test('of nftables take other elements of one set, as often as that changes', () => {
    const commands = (file: string): unknown[] =>
      (JSON.parse(file) as { nftables: unknown[] }).nftables;
    const byText = (file: string): string[] =>
      commands(file)
        .map((each) => JSON.stringify(each))
        .sort();
    const change = (file: string, to: string): string => {
      const timed = timesFrom(to).v4;
      const set = { name: 'blocked_v4', ranges: timed.addresses(), timed };
      const changed = withElements(Buffer.from(file), set, NOW_MS);
      if (changed === undefined) throw new Error('no such set');
      return changed.toString();
    };
    const file = bootRuleset(planOf(text), 'marks', NOW_MS);
    const other = '192.0.2.9 until=2026-09-01\n198.51.100.0/24\n192.0.2.3 until=2026-08-01';
    const changed = change(file, other);
    expect(byText(changed)).toEqual(byText(bootRuleset(planOf(other), 'marks', NOW_MS)));
    expect(change(changed, other)).toBe(changed);
    expect(byText(change(changed, text))).toEqual(byText(file));
    // elements stand behind their set, and the last line is never one of them
    const kinds = commands(changed).map((each) =>
      Object.keys((each as { add?: object }).add ?? {}),
    );
    expect(kinds.flat().indexOf('element')).toBeGreaterThan(kinds.flat().indexOf('set'));
    expect(kinds.at(-1)).toEqual(['table']);
    const unknown = { name: 'other_v4', ranges: undefined };
    expect(withElements(Buffer.from(file), unknown, NOW_MS)).toBeUndefined();
  });
});

function planOf(blocked: string): Plan {
  const { config } = parseConfig('firewall: { rules: [] }', 'sekisho.yaml');
  if (config.firewall === undefined) throw new Error('no firewall part');
  const lists = new Map([['blocked', addressesOf(parseManualList(blocked).entries, NOW_MS)]]);
  const times = new Map([['blocked', timesFrom(blocked)]]);
  const plan = compilePolicy({ firewall: config.firewall, lists, times });
  if ('faults' in plan) throw new Error(JSON.stringify(plan.faults));
  return plan;
}
