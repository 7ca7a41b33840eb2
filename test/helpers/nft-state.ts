import { expect } from 'vitest';

import type { Namespace } from './namespace.js';

type NftObject = Record<string, Readonly<Record<string, unknown>> & { readonly name?: string }>;

/**
 * What the kernel holds in the table `inet sekisho` and packets can meet, as sorted lines: hooks,
 * chains, rules, and the sets that rules name, with all their elements. Left out are handles and
 * counts, the chain of marks, which nothing jumps to, and sets that no rule names.
 */
export async function judgingState(network: Namespace): Promise<string[]> {
  const { code, stdout, stderr } = await network.run('nft', ['-j', 'list', 'ruleset']);
  expect(code, stderr).toBe(0);
  const { nftables } = JSON.parse(stdout) as { nftables: NftObject[] };
  const ours = nftables.filter((object) => inOurTable(Object.values(object)[0] ?? {}));
  const rules = JSON.stringify(ours.filter((object) => object['rule'] !== undefined));
  const order = new Map<string, number>();
  return ours
    .filter(({ set, counter }) => {
      const name = set?.['name'] ?? counter?.['name'];
      if (name === undefined) return true;
      return rules.includes(JSON.stringify(set ? `@${name}` : name));
    })
    .map((object) => {
      const chain = object['rule']?.['chain'];
      if (typeof chain !== 'string') return textOf(object);
      // rules of one chain stand in the order in which packets meet them
      const place = (order.get(chain) ?? 0) + 1;
      order.set(chain, place);
      return `${chain} ${String(place).padStart(3, '0')} ${textOf(object)}`;
    })
    .sort();
}

function inOurTable({ table, name, chain }: Record<string, unknown>): boolean {
  return table === 'sekisho' && name !== 'sekisho.mark' && chain !== 'sekisho.mark';
}

function textOf(object: NftObject): string {
  return JSON.stringify(object, (key, value: unknown) =>
    ['handle', 'packets', 'bytes'].includes(key) ? undefined : value,
  );
}
