import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type Collection, collectionFile } from '../../src/reports/stored.js';
import { added, collectFrom } from './readings.js';

const ONE = '221.200.232.93';
const TWO = '218.24.126.97';
const MAIL = 'mail asia';

const at = (time: string): string => `2026-06-01T${time}Z`;

describe('what is new since the last collection', () => {
  test('the first one tells all that the kernel holds', () => {
    const first = collectFrom(undefined, {
      at: at('12:00:00'),
      counters: { [MAIL]: 720, 'ssh outside': 0 },
      hits: { [MAIL]: { [ONE]: 398, [TWO]: [322, 60] } },
    });
    expect(added(first)).toEqual({
      [`2026-06-01 mail asia ${ONE}`]: 398,
      [`2026-06-01 mail asia ${TWO}`]: 322,
    });
    expect(first.additions['2026-06-01']?.[1]).toMatchObject({
      first: '2026-06-01T11:59:00.000Z',
      last: '2026-06-01T11:59:00.000Z',
    });
    expect(collectionFile.parse(JSON.parse(JSON.stringify(first)))).toEqual(first);
  });

  test('later ones tell what grew, and nothing where nothing did', () => {
    const held = { counters: { [MAIL]: 10 }, hits: { [MAIL]: { [ONE]: 10 } } };
    const first = collectFrom(undefined, { at: at('12:00:00'), ...held });
    const second = collectFrom(first, {
      at: at('13:00:00'),
      counters: { [MAIL]: 15 },
      hits: { [MAIL]: { [ONE]: 12, [TWO]: 3 } },
    });
    expect(added(second)).toEqual({
      [`2026-06-01 mail asia ${ONE}`]: 2,
      [`2026-06-01 mail asia ${TWO}`]: 3,
    });
    const third = collectFrom(first, { at: at('13:00:00'), ...held });
    expect(third.additions).toEqual({});
  });

  test('the same address under two rules is told under both', () => {
    const first = collectFrom(undefined, {
      at: at('12:00:00'),
      counters: { [MAIL]: 1, 'ssh outside': 2 },
      hits: { [MAIL]: { [ONE]: 1 }, 'ssh outside': { [ONE]: 2 } },
    });
    expect(added(first)).toEqual({
      [`2026-06-01 mail asia ${ONE}`]: 1,
      [`2026-06-01 ssh outside ${ONE}`]: 2,
    });
  });

  test('packets of addresses that are not remembered are told without address', () => {
    const first = collectFrom(undefined, {
      at: at('12:00:00'),
      counters: { [MAIL]: 100 },
      hits: { [MAIL]: { [ONE]: 60 } },
    });
    expect(added(first)).toEqual({
      [`2026-06-01 mail asia ${ONE}`]: 60,
      '2026-06-01 mail asia -': 40,
    });
  });

  test('packets between the two readings are not told twice', () => {
    const first = collectFrom(undefined, {
      at: at('12:00:00'),
      counters: { [MAIL]: 10 },
      hits: { [MAIL]: { [ONE]: 10 } },
    });
    // three more came after the counter was read and before the hits were
    const second = collectFrom(first, {
      at: at('13:00:00'),
      counters: { [MAIL]: 10 },
      hits: { [MAIL]: { [ONE]: 13 } },
    });
    const third = collectFrom(second, {
      at: at('14:00:00'),
      counters: { [MAIL]: 15 },
      hits: { [MAIL]: { [ONE]: 15 } },
    });
    expect(added(second)).toEqual({ [`2026-06-01 mail asia ${ONE}`]: 3 });
    expect(added(third)).toEqual({ [`2026-06-01 mail asia ${ONE}`]: 2 });
  });
});

describe('counters that begin anew', () => {
  const first = collectFrom(undefined, {
    at: at('12:00:00'),
    counters: { [MAIL]: 100 },
    hits: { [MAIL]: { [ONE]: 60, [TWO]: 40 } },
  });

  test.each<[why: string, counter: number, hits: Record<string, number>, boot?: string]>([
    ['a flush: everything is lower', 7, { [ONE]: 7 }],
    ['a boot: the counter is higher already', 150, { [ONE]: 150 }, 'boot-2'],
    ['a flush: one address is higher already', 90, { [ONE]: 20, [TWO]: 70 }],
    ['gone, and nothing came since', 0, {}],
  ])('%s', (_why, counter, hits, boot = 'boot-1') => {
    const second = collectFrom(first, {
      at: at('13:00:00'),
      boot,
      counters: { [MAIL]: counter },
      hits: { [MAIL]: hits },
    });
    expect(added(second)).toEqual(
      Object.fromEntries(
        Object.entries(hits).map(([address, n]) => [`2026-06-01 mail asia ${address}`, n]),
      ),
    );
  });

  test('an address that was forgotten and came back', () => {
    const second = collectFrom(first, {
      at: at('13:00:00'),
      counters: { [MAIL]: 105 },
      hits: { [MAIL]: { [ONE]: 5 } },
    });
    expect(added(second)).toEqual({ [`2026-06-01 mail asia ${ONE}`]: 5 });
  });

  test('`nft reset counters` leaves the hits, which are not told again', () => {
    const second = collectFrom(first, {
      at: at('13:00:00'),
      counters: { [MAIL]: 6 },
      hits: { [MAIL]: { [ONE]: 62, [TWO]: 44 } },
    });
    expect(added(second)).toEqual({
      [`2026-06-01 mail asia ${ONE}`]: 2,
      [`2026-06-01 mail asia ${TWO}`]: 4,
    });
  });

  test('a rule that went and came back', () => {
    const without = collectFrom(first, { at: at('13:00:00') });
    expect(without.additions).toEqual({});
    const again = collectFrom(without, {
      at: at('14:00:00'),
      counters: { [MAIL]: 120 },
      hits: { [MAIL]: { [ONE]: 120 } },
    });
    expect(added(again)).toEqual({ [`2026-06-01 mail asia ${ONE}`]: 120 });
  });
});

describe('days', () => {
  const kernel = (
    time: string,
    one: readonly [number, number],
    two: readonly [number, number],
  ) => ({
    at: time,
    counters: { [MAIL]: one[0] + two[0] },
    hits: { [MAIL]: { [ONE]: one, [TWO]: two } },
  });

  test('a row belongs to the UTC day of its last packet', () => {
    const first = collectFrom(undefined, kernel('2026-05-31T23:50:00Z', [1, 0], [1, 0]));
    const second = collectFrom(first, kernel('2026-06-01T00:10:00Z', [3, 601], [6, 600]));
    expect(added(second)).toEqual({
      [`2026-05-31 mail asia ${ONE}`]: 2,
      [`2026-06-01 mail asia ${TWO}`]: 5,
    });
  });

  test('no new packet is older than the last collection, whatever the seconds say', () => {
    const first = collectFrom(undefined, kernel('2026-06-01T00:00:00Z', [1, 0], [1, 0]));
    const second = collectFrom(first, kernel('2026-06-01T00:00:01Z', [2, 2], [1, 2]));
    expect(added(second)).toEqual({ [`2026-06-01 mail asia ${ONE}`]: 1 });
  });

  test('a clock that was set back gives no day in the future', () => {
    const first = collectFrom(undefined, kernel('2026-06-02T12:00:00Z', [1, 0], [1, 0]));
    const second = collectFrom(first, kernel('2026-06-01T12:00:00Z', [2, 0], [1, 0]));
    expect(added(second)).toEqual({ [`2026-06-01 mail asia ${ONE}`]: 1 });
  });
});

test('however often it is collected, what is told adds up to what the counter had', () => {
  const step = fc.record({
    one: fc.nat(20),
    two: fc.nat(20),
    unknown: fc.nat(5),
    late: fc.nat(3),
    forget: fc.boolean(),
    boot: fc.nat(9).map((n) => n === 0),
  });
  const QUIET = { one: 0, two: 0, unknown: 0, late: 0, forget: false, boot: false };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (most) => {
      const steps = [...most, QUIET];
      let before: Collection | undefined;
      let counter = 0;
      let hits: Record<string, number> = {};
      let boot = 0;
      let all = 0;
      let late = 0;
      const told: Record<string, number> = {};
      for (const [index, each] of steps.entries()) {
        if (each.boot) {
          boot++;
          counter = 0;
          hits = {};
        } else if (each.forget) {
          hits = {};
        }
        // those that came between the readings of the last step are in the counter now
        counter += each.one + each.two + each.unknown + (each.boot ? 0 : late);
        // where counting or remembering begins, nobody can tell them from what was there
        const sure = before !== undefined && !each.boot && !each.forget;
        late = sure && steps[index + 1]?.boot === false ? each.late : 0;
        hits = {
          [ONE]: (hits[ONE] ?? 0) + each.one + late,
          [TWO]: (hits[TWO] ?? 0) + each.two,
        };
        all += each.one + each.two + each.unknown + late;
        before = collectFrom(before, {
          at: `2026-06-01T12:00:${String(index).padStart(2, '0')}Z`,
          boot: `boot-${boot}`,
          counters: { [MAIL]: counter },
          hits: { [MAIL]: hits },
        });
        for (const [key, packets] of Object.entries(added(before))) {
          told[key] = (told[key] ?? 0) + packets;
        }
      }
      const sum = Object.values(told).reduce((total, packets) => total + packets, 0);
      expect(sum).toBe(all);
    }),
  );
});
