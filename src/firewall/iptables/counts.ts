import type { DenyCount } from '../backend.js';
import { countedBy } from './names.js';
import type { Tables } from './table.js';

/** What the counting rules of all families have counted together. Pure. */
export function countsOf(families: readonly Tables[]): DenyCount[] {
  const counts = new Map<string, DenyCount>();
  for (const { mangle } of families) {
    for (const rules of mangle.chains.values()) {
      for (const { text, count } of rules) {
        const by = countedBy(text);
        if (by === undefined || count === undefined) continue;
        const key = `${by.rule} ${by.list}`;
        const before = counts.get(key) ?? { packets: 0, bytes: 0 };
        counts.set(key, {
          ...by,
          packets: before.packets + count.packets,
          bytes: before.bytes + count.bytes,
        });
      }
    }
  }
  return [...counts.values()];
}
