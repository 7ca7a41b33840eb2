/*
 * Drives a backend inside a namespace, as agent.ts asks.
 *
 *   node firewall-agent.mjs nftables netlink
 *   node firewall-agent.mjs ipset nft
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { answerRequests } from './answer.mjs';

const dist = new URL('../../dist/', import.meta.url);
const load = (file) => import(new URL(file, dist).href);

const [{ configSchema }, { compilePolicy }, { addressesOf, parseManualList, timesOf }] =
  await Promise.all([load('config/schema.js'), load('policy/compile.js'), load('lists/manual.js')]);

async function makeBackend(name, variant) {
  if (name === 'ipset') {
    return new (await load('firewall/iptables/ipset-backend.js')).IpsetBackend(variant);
  }
  if (name === 'iptables') {
    return new (await load('firewall/iptables/iptables-backend.js')).IptablesBackend(variant);
  }
  const elements =
    variant === 'netlink'
      ? (await load('firewall/nftables/netlink-elements.js')).netlinkElements
      : (await load('firewall/nftables/elements.js')).nftElements;
  return new (await load('firewall/nftables/backend.js')).NftablesBackend(elements);
}

const backend = await makeBackend(process.argv[2], process.argv[3]);

/** Entries of a list as a person writes them, `ADDRESS [until=TIME]`. */
function entriesOf(texts) {
  const { entries, faults } = parseManualList(texts.join('\n'));
  if (faults.length > 0) throw new Error(JSON.stringify(faults));
  return entries;
}

function planOf({ firewall, lists: texts }) {
  const lists = new Map();
  const times = new Map();
  for (const [name, lines] of Object.entries(texts)) {
    const entries = entriesOf(lines);
    lists.set(name, addressesOf(entries, Date.now()));
    const timed = timesOf(entries);
    if (timed) times.set(name, timed);
  }
  const config = configSchema.parse({ firewall });
  const plan = compilePolicy({ firewall: config.firewall, lists, times });
  if ('faults' in plan) throw new Error(JSON.stringify(plan.faults));
  return plan;
}

/** What `compare` told, with sizes in place of sets. */
function told({ present, rules, lists, renewals = [] }) {
  return {
    present,
    rules,
    lists: lists.map(({ list, family, missing, surplus, timed }) => ({
      list,
      family,
      missing: missing.countAddresses(),
      surplus: surplus.countAddresses(),
      ...(timed?.retimed.isEmpty === false && { retimed: timed.retimed.countAddresses() }),
    })),
    ...(renewals.length > 0 && { renewals: renewals.map(({ list }) => list) }),
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
