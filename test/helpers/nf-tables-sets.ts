import { expect } from 'vitest';

import type { SetElements, SetName } from '../../src/linux/read-elements.js';
import { type Range, rangesOfColumns } from '../linux/range-columns.js';
import { addressSet } from './lists.js';
import type { Namespace } from './namespace.js';
import { DriverError } from './nf-tables-driver.js';

/** What the tests of nf_tables need. */
export const NEEDS = ['nft', 'namespace'];

/** Runs commands of nft in the namespace; they have to pass. */
export async function nft(network: Namespace, text: string): Promise<string> {
  const { code, stdout, stderr } = await network.run('nft', ['-f', '-'], { input: text });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** A table `t` with sets, each given as what stands between its braces. */
export async function makeSets(network: Namespace, sets: Record<string, string>): Promise<void> {
  const lines = Object.entries(sets).map(([name, body]) => `set ${name} { ${body} }`);
  await nft(network, `table inet t {\n${lines.join('\n')}\n}\n`);
}

export const INTERVALS = {
  1: 'type ipv4_addr; flags interval;',
  4: 'type ipv6_addr; flags interval;',
};

export function named(set: string, words: 1 | 4): SetName {
  return { table: 't', set, words };
}

type NftElement = string | { range: [string, string] } | { prefix: { addr: string; len: number } };
interface NftSet {
  name: string;
  elem?: (NftElement | { elem: { val: NftElement } })[];
}

/** Every set of the table as nft lists it: ranges that touch are one. */
export async function listed(network: Namespace, words: 1 | 4): Promise<Map<string, Range[]>> {
  const { stdout } = await network.run('nft', ['-j', 'list', 'table', 'inet', 't']);
  const { nftables } = JSON.parse(stdout) as { nftables: { set?: NftSet }[] };
  return new Map(
    nftables.flatMap(({ set }) => {
      if (set === undefined) return [];
      const texts = (set.elem ?? []).map((element) => textOf(element));
      const { v4, v6 } = addressSet(...texts);
      return [[set.name, rangesOfColumns(words === 1 ? v4 : v6, words)]];
    }),
  );
}

function textOf(element: NftElement | { elem: { val: NftElement } }): string {
  if (typeof element === 'string') return element;
  if ('elem' in element) return textOf(element.elem.val);
  if ('range' in element) return element.range.join('-');
  return `${element.prefix.addr}/${element.prefix.len}`;
}

/** What a call of the driver was refused with. */
export async function refusalOf(promise: Promise<unknown>): Promise<DriverError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DriverError);
  return error as DriverError;
}

export function held(found: SetElements): Range[] {
  return rangesOfColumns(found, found.words);
}
