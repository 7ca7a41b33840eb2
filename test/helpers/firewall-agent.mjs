/*
 * Drives a backend inside a namespace, as agent.ts asks.
 *
 *   node firewall-agent.mjs nftables [netlink]
 *   node firewall-agent.mjs ipset nft
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { answerRequests } from './answer.mjs';

const dist = new URL('../../dist/', import.meta.url);
const load = (file) => import(new URL(file, dist).href);

const [{ configSchema }, { compilePolicy }, { parseRange }, { RangeSetBuilder }] =
  await Promise.all([
    load('config/schema.js'),
    load('policy/compile.js'),
    load('ip/notation.js'),
    load('ip/range-set-builder.js'),
  ]);

async function makeBackend(name, variant) {
  if (name === 'ipset') {
    return new (await load('firewall/iptables/ipset-backend.js')).IpsetBackend(variant);
  }
  if (name === 'iptables') {
    return new (await load('firewall/iptables/iptables-backend.js')).IptablesBackend(variant);
  }
  const { NftablesBackend } = await load('firewall/nftables/backend.js');
  if (variant === 'netlink') {
    const { netlinkElements } = await load('firewall/nftables/netlink-elements.js');
    return new NftablesBackend(netlinkElements);
  }
  return new NftablesBackend((await load('firewall/nftables/elements.js')).nftElements);
}

const backend = await makeBackend(process.argv[2], process.argv[3]);

function addressSet(texts) {
  const builders = { 4: new RangeSetBuilder(4), 6: new RangeSetBuilder(6) };
  for (const text of texts) {
    const { family, first, last, expected } = parseRange(text);
    if (expected) throw new Error(`${text}: expected ${expected}`);
    builders[family].add(first, 0, last, 0);
  }
  return { v4: builders[4].build(), v6: builders[6].build() };
}

function planOf({ firewall, lists }) {
  const sets = Object.entries(lists).map(([name, texts]) => [name, addressSet(texts)]);
  const config = configSchema.parse({ firewall });
  const plan = compilePolicy({ firewall: config.firewall, lists: new Map(sets) });
  if ('faults' in plan) throw new Error(JSON.stringify(plan.faults));
  return plan;
}

/** What `compare` told, with sizes in place of sets. */
function told({ present, rules, lists }) {
  return {
    present,
    rules,
    lists: lists.map(({ list, family, missing, surplus }) => ({
      list,
      family,
      missing: missing.countAddresses(),
      surplus: surplus.countAddresses(),
    })),
  };
}

answerRequests({
  findObstacle: () => backend.findObstacle(),
  compare: async (request) => told(await backend.compare(planOf(request))),
  apply: async (request) => {
    const plan = planOf(request);
    const difference = await backend.compare(plan);
    await backend.apply(plan, difference);
    return told(difference);
  },
  writeBootFiles: async ({ folder, ...request }) => {
    for (const [name, text] of await backend.bootFiles(planOf(request))) {
      writeFileSync(join(folder, name), text);
    }
  },
  loadBoot: ({ folder }) => backend.loadBoot(folder),
  flush: () => backend.flush(),
  countDenied: () => backend.countDenied(),
  listHits: () => backend.listHits(),
});
