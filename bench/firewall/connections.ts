import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { newestRealFiles } from '../inputs/statistics-files.js';
import { Namespaces, namespaceObstacle } from '../measure/namespace.js';
import { PROGRAM, ROOT } from '../paths.js';
import { findProgram } from '../programs.js';
import { type Benchmark, type Outcome, median } from '../row.js';
import { programsFirst } from './programs-first.js';

const NAME = 'new connections';
/** krfilter's own country, and the one that holds most. */
const COUNTRIES = ['kr', 'us'];
const CONNECTIONS = 2000;
const PORT = 2525;
const SERVER = '198.18.0.1';
const CLIENT = '198.18.0.2';

type Run = (program: string, args: readonly string[], input?: string) => string;

/** New TCP connections of an unlisted client: our set, and a linear chain of the same country. */
export const benchmarkConnections: Benchmark = async ({ folder, runs }) => {
  const skipped = (reason: string): Outcome[] => [{ name: NAME, reason }];
  const nft = findProgram('nft');
  const iptables = findProgram('iptables-legacy-restore') ?? findProgram('iptables-nft-restore');
  if (!nft || !iptables) return skipped('needs nft and iptables; scripts/test-programs gets them');
  const obstacle = namespaceObstacle();
  if (obstacle !== undefined) return skipped(obstacle);
  const input = newestRealFiles();
  if (!input) return skipped('needs the registry files in ../shared/data');
  const env = { ...process.env, ...programsFirst(folder, { nft }) };
  const rows: Outcome[] = [];
  for (const cc of COUNTRIES) {
    const config = writeConfiguration(join(folder, `connections-${cc}`), cc);
    const chain = linearChain(run(env)(process.execPath, exportOf(cc, input.paths)));
    const namespaces = new Namespaces();
    const sites = [0, 1, 2].map(() => connectedPair(namespaces));
    const servers: ChildProcess[] = [];
    try {
      const [plain, ours, theirs] = sites;
      if (!plain || !ours || !theirs) throw new Error('three sites were made');
      const inside = (name: string): Run => run(env, name);
      const from = ['--config', config, '--from', ...input.paths];
      inside(ours.server)(process.execPath, [PROGRAM, 'apply', ...from]);
      run({ ...env, ...iptables.env }, theirs.server)(iptables.path, [], chain.rules);
      for (const { server } of sites) servers.push(await listen(server, env));
      const rates = sites.map((): number[] => []);
      for (let round = -1; round < runs; round++) {
        for (const [index, { client }] of sites.entries()) {
          const args = [AGENT, 'connect', SERVER, String(PORT), String(CONNECTIONS)];
          const rate = Number(inside(client)(process.execPath, args));
          if (round >= 0) rates[index]?.push(rate);
        }
      }
      const [none = NaN, set = NaN, linear = NaN] = rates.map(median);
      rows.push({
        name: `${NAME}, ${cc.toUpperCase()}`,
        meaning:
          `New TCP connections a second of a client that is not listed, ${CONNECTIONS} at a time ` +
          'over a veth pair: through the rules of `sekisho apply` (nftables, one rule that denies ' +
          `${cc.toUpperCase()} of ${input.origin}), against krfilter's way, a chain of iptables ` +
          `with one rule for each of the ${chain.count} IPv4 prefixes. The ratio is ours divided ` +
          'by the other: above 1 ours is faster. In brackets without any rule.',
        ours: { name: 'set', value: `${set.toFixed(0)}/s (${none.toFixed(0)}/s)` },
        other: { name: `chain of ${chain.count} rules`, value: `${linear.toFixed(0)}/s` },
        ratio: set / linear,
        goal: '',
      });
    } finally {
      for (const server of servers) server.stdin?.end();
      namespaces.removeAll();
    }
  }
  return rows;
};

const AGENT = `${ROOT}bench/firewall/connection-agent.mjs`;

function run(env: NodeJS.ProcessEnv, namespace?: string): Run {
  return (program, args, input = '') => {
    const words = namespace === undefined ? [] : [`--net=/run/netns/${namespace}`, program];
    return execFileSync(namespace === undefined ? program : 'nsenter', [...words, ...args], {
      encoding: 'utf8',
      env,
      input,
      maxBuffer: 2 ** 28,
    });
  };
}

function writeConfiguration(folder: string, cc: string): string {
  mkdirSync(folder, { recursive: true });
  const rule = `{ name: a, tcp: [${PORT}], deny: [${cc}] }`;
  const config = join(folder, 'sekisho.yaml');
  const lists = `{ ${cc}: { countries: [${cc.toUpperCase()}] } }`;
  writeFileSync(
    config,
    `state: state\nlists: ${lists}\nfirewall: { backend: nftables, rules: [${rule}] }\n`,
  );
  return config;
}

function exportOf(cc: string, paths: readonly string[]): string[] {
  return [PROGRAM, 'export', '--country', cc.toUpperCase(), '--family', '4', '--from', ...paths];
}

/** As krfilter loads it: new connections go through a rule for each prefix. */
function linearChain(cidr: string): { rules: string; count: number } {
  const prefixes = cidr.split('\n').filter((line) => line !== '');
  const rules = [
    '*filter',
    ':COUNTRY - [0:0]',
    '-A INPUT -p tcp -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
    '-A INPUT -p tcp -m conntrack --ctstate NEW -j COUNTRY',
    ...prefixes.map((prefix) => `-A COUNTRY -s ${prefix} -j DROP`),
    'COMMIT',
  ];
  return { rules: `${rules.join('\n')}\n`, count: prefixes.length };
}

interface Site {
  readonly server: string;
  readonly client: string;
}

/** Two namespaces and a pair of veth interfaces between them. */
function connectedPair(namespaces: Namespaces): Site {
  const site = { server: namespaces.make(), client: namespaces.make() };
  const ip = (...args: readonly string[]): string => execFileSync('ip', args, { encoding: 'utf8' });
  ip(
    '-n',
    site.server,
    'link',
    'add',
    'v0',
    'type',
    'veth',
    'peer',
    'name',
    'v0',
    'netns',
    site.client,
  );
  for (const [name, address] of [
    [site.server, SERVER],
    [site.client, CLIENT],
  ] as const) {
    ip('-n', name, 'address', 'add', `${address}/30`, 'dev', 'v0');
    ip('-n', name, 'link', 'set', 'v0', 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }
  return site;
}

async function listen(namespace: string, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const words = [`--net=/run/netns/${namespace}`, process.execPath, AGENT, 'listen', SERVER];
  const server = spawn('nsenter', [...words, String(PORT)], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(server.stdout, 'data');
  return server;
}
