import type { DenyCount, Hit } from '../backend.js';
import { TABLE } from './names.js';
import { type NftObject, list } from './nft.js';

/** Counters named `RULE.LIST`, as nft lists them; pure. */
export function countDenied(objects: readonly NftObject[]): DenyCount[] {
  return objects.flatMap((object) => {
    const counter = object['counter'] as
      { name: string; packets: number; bytes: number } | undefined;
    const [rule, name] = counter?.name.split('.') ?? [];
    if (counter === undefined || rule === undefined || name === undefined) return [];
    return [{ rule, list: name, packets: counter.packets, bytes: counter.bytes }];
  });
}

const HIT_SET = /^hits\.([^.]+)\.([^.]+)_v[46]$/;

/** Reads the hit sets among these sets. @throws SystemError */
export async function listHits(sets: readonly string[]): Promise<Hit[]> {
  const hits: Hit[] = [];
  for (const name of sets) {
    const [, rule, of] = HIT_SET.exec(name) ?? [];
    if (rule === undefined || of === undefined) continue;
    const objects = (await list('list', 'set', TABLE.family, TABLE.name, name)) ?? [];
    for (const object of objects) hits.push(...hitsOf(object, rule, of));
  }
  return hits;
}

/** The elements of one listed hit set; pure. */
export function hitsOf(object: NftObject, rule: string, of: string): Hit[] {
  const set = object['set'] as { timeout?: number; elem?: unknown[] } | undefined;
  return (set?.elem ?? []).map((element) => {
    const { elem } = element as {
      elem: {
        val: string;
        expires?: number;
        counter?: { packets: number; bytes: number };
      };
    };
    const { packets = 0, bytes = 0 } = elem.counter ?? {};
    const idle =
      set?.timeout === undefined || elem.expires === undefined
        ? undefined
        : Math.max(0, set.timeout - elem.expires);
    return { rule, list: of, address: elem.val, packets, bytes, idleSeconds: idle };
  });
}
