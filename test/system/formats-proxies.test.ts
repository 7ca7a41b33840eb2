import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect } from 'vitest';

import type { NamedList } from '../../src/formats/index.js';
import { FAMILIES } from '../../src/ip/family.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { hundredLists, probesOf } from '../helpers/hundred-ranges.js';
import { addressSet } from '../helpers/lists.js';
import { Namespace } from '../helpers/namespace.js';
import { nginxSettings, nginxWords } from '../helpers/nginx.js';
import { systemTest } from '../helpers/programs.js';
import { rendered } from '../helpers/rendered.js';

const PROXIES = {
  'nginx-geo': { program: 'nginx', start: startNginx },
  haproxy: { program: 'haproxy', start: startHaproxy },
};

describe.each(Object.entries(PROXIES))('format %s in the program', (format, { program, start }) => {
  const needs = [program, 'curl', 'namespace'];

  systemTest('names the list of every edge of a hundred ranges', needs, async () => {
    const network = await Namespace.create();
    const server = await start(network, rendered(format, hundredLists()));
    for (const family of FAMILIES) {
      const probes = probesOf(family);
      const answers = await ask(
        network,
        probes.map(({ address }) => address),
      );
      expect(answers).toEqual(probes.map(({ list }) => list ?? 'none'));
    }
    expect(server.output()).not.toMatch(/warn|duplicate|conflict/i);
  });

  systemTest('gives an address that several lists hold to the first', needs, async () => {
    const network = await Namespace.create();
    const server = await start(network, rendered(format, OVERLAPPING));
    const answers = await ask(network, Object.keys(OVERLAPPING_ANSWERS));
    expect(answers).toEqual(Object.values(OVERLAPPING_ANSWERS));
    expect(server.output()).not.toMatch(/warn|duplicate|conflict/i);
  });

  systemTest('takes a list of nothing, one of everything, and another value', needs, async () => {
    const empty = await Namespace.create();
    await start(empty, rendered(format, [{ name: 'kr', addresses: addressSet() }]));
    expect(await ask(empty, ['1.2.3.4', '2001:db8::1'])).toEqual(['none', 'none']);

    const full = await Namespace.create();
    const all = [{ name: 'kr', addresses: addressSet('0.0.0.0/0', '::/0') }];
    const server = await start(full, rendered(format, all, { action: '403' }));
    expect(server.output()).not.toMatch(/warn|duplicate|conflict/i);
    expect(await ask(full, ['1.2.3.4', '203.0.113.1', '2001:db8::1'])).toEqual([
      '403',
      '403',
      '403',
    ]);
  });
});

systemTest(
  'an acl of haproxy takes the map as a list of addresses',
  ['haproxy', 'curl', 'namespace'],
  async () => {
    const network = await Namespace.create();
    const rule = 'http-request return status 200 content-type text/plain';
    await startHaproxy(
      network,
      rendered('haproxy', hundredLists()),
      `acl listed url_param(ip) -m ip -M -f FILE
  ${rule} lf-string "yes\\n" if listed
  ${rule} lf-string "no\\n"`,
    );
    for (const family of FAMILIES) {
      const probes = probesOf(family);
      const answers = await ask(
        network,
        probes.map(({ address }) => address),
      );
      expect(answers).toEqual(probes.map(({ list }) => (list === undefined ? 'no' : 'yes')));
    }
  },
);

/** The second list overlaps the first below, within, above and in full. */
const OVERLAPPING: NamedList[] = [
  { name: 'kr', addresses: addressSet('10.0.0.0/16', '10.2.0.7', '2001:db8::/48') },
  { name: 'jp', addresses: addressSet('9.255.0.0-10.0.0.255', '10.2.0.0/24', '2001:db8::/32') },
  { name: 'tw', addresses: addressSet('10.0.0.0/16', '10.0.0.0/8', '2001:db8::/48') },
];
const OVERLAPPING_ANSWERS: Record<string, string> = {
  '9.255.255.255': 'jp',
  '10.0.0.0': 'kr',
  '10.0.0.255': 'kr',
  '10.0.255.255': 'kr',
  '10.1.0.0': 'tw',
  '10.2.0.6': 'jp',
  '10.2.0.7': 'kr',
  '10.2.0.8': 'jp',
  '10.2.1.0': 'tw',
  '11.0.0.0': 'none',
  '2001:db8::1': 'kr',
  '2001:db8:1::': 'jp',
  '2001:db9::': 'none',
};

const URL_OF_TEST = 'http://127.0.0.1:8080/';

/** One request an address over one curl, in the order of the addresses. */
async function ask(network: Namespace, addresses: readonly string[]): Promise<string[]> {
  const input = addresses.map((address) => `url = "${URL_OF_TEST}?ip=${address}"\n`).join('');
  const { code, stdout } = await network.run('curl', ['-sS', '--noproxy', '*', '-K', '-'], {
    input,
  });
  expect(code).toBe(0);
  return stdout.trim().split('\n');
}

async function answers(network: Namespace): Promise<boolean> {
  const curl = ['-sS', '--noproxy', '*', '-o', '/dev/null', URL_OF_TEST];
  return (await network.run('curl', curl)).code === 0;
}

async function startNginx(network: Namespace, geo: string): Promise<{ output(): string }> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'sekisho.geo'), geo);
  const http = `  access_log off;
  geo $arg_ip $sekisho { default none; include sekisho.geo; }
  server { listen 127.0.0.1:8080; location / { return 200 "$sekisho\\n"; } }`;
  await writeFile(join(folder, 'nginx.conf'), nginxSettings(http));
  return network.start('nginx', nginxWords(folder), { ready: () => answers(network) });
}

const MAP_RULE = `http-request return status 200 content-type text/plain lf-string "%[url_param(ip),map_ip(FILE,none)]\\n"`;

async function startHaproxy(
  network: Namespace,
  map: string,
  rules = MAP_RULE,
): Promise<{ output(): string }> {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'sekisho.map'), map);
  await writeFile(
    join(cwd, 'haproxy.cfg'),
    `defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend test
  bind 127.0.0.1:8080
  ${rules.replaceAll('FILE', 'sekisho.map')}
`,
  );
  const args = ['-db', '-f', 'haproxy.cfg'];
  return network.start('haproxy', args, { cwd, ready: () => answers(network) });
}
