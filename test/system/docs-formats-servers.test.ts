import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'vitest';

import {
  type FormatSection,
  formatSections,
  onlyBlock,
  renderExample,
} from '../docs/formats-example.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { digAll, dnsblName } from '../helpers/dig.js';
import { namedSettings } from '../helpers/name-servers.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import { startRbldnsd } from '../helpers/rbldnsd.js';

/*
 * The configurations that docs/formats.md shows, in the servers they are for, beside the file
 * that the section shows. Only the folder is another one, and what a server needs to start is
 * put around them.
 */

const LISTED = '1.17.2.3';
const UNLISTED = '1.19.0.0';

systemTest(
  'nginx takes the geo block of docs/formats.md',
  ['nginx', 'curl', 'namespace'],
  async () => {
    const { network, folder, snippet } = await prepare('nginx-geo', 'nginx');
    const config = `daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events { }
${snippet.replace(
  'http {',
  `http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;`,
)}`;
    await writeFile(join(folder, 'nginx.conf'), config);
    await network.start('nginx', ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf'], {
      ready: () => answers(network),
    });
    expect(await statusFrom(network, LISTED)).toBe('403');
    expect(await statusFrom(network, UNLISTED)).toBe('404'); // there is no page
  },
);

systemTest(
  'HAProxy takes the rules of docs/formats.md',
  ['haproxy', 'curl', 'namespace'],
  async () => {
    const { network, folder, snippet } = await prepare('haproxy', 'haproxy');
    const config = `defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
${snippet}    http-request return status 200 hdr X-Country-List "%[req.hdr(X-Country-List)]"
`;
    await writeFile(join(folder, 'haproxy.cfg'), config);
    await network.start('haproxy', ['-db', '-f', 'haproxy.cfg'], {
      cwd: folder,
      ready: () => answers(network),
    });
    expect(await statusFrom(network, LISTED)).toBe('403');
    expect(await statusFrom(network, UNLISTED)).toBe('200');
    const { stdout } = await network.run('curl', [...curlFrom(UNLISTED), '-D', '-']);
    expect(stdout).toMatch(/^x-country-list: none\r$/im);
  },
);

systemTest('named takes the zone of docs/formats.md', ['named', 'dig', 'namespace'], async () => {
  const { network, folder, snippet } = await prepare('bind', 'named');
  const config = namedSettings(folder, snippet, { address: '127.0.0.1', port: 5300 });
  await writeFile(join(folder, 'named.conf'), config);
  await network.start('named', ['-g', '-c', join(folder, 'named.conf')], {
    ready: () => isListed(network, LISTED),
  });
  expect(await isListed(network, UNLISTED)).toBe(false);
});

systemTest(
  'rbldnsd takes SOA and NS as docs/formats.md has them',
  ['rbldnsd', 'dig', 'namespace'],
  async () => {
    const { network, folder, section, snippet } = await prepare('rbldnsd', 'rbldnsd');
    await writeFile(join(folder, 'soa'), snippet);
    const zone = /`(kr\.bl\.example:combined:soa,\S+)`/.exec(section.text)?.[1];
    await startRbldnsd(network, folder, [String(zone)], () => isListed(network, LISTED));
    expect(await isListed(network, UNLISTED)).toBe(false);
    const [soa] = await digAll(network, 'SOA', ['kr.bl.example']);
    expect(soa?.answers.join()).toMatch(
      /^ns\.example\.net\. hostmaster\.example\.net\. \d+ 3600 600/,
    );
  },
);

/** A network with the two addresses, a folder with the file, and the configuration for it. */
async function prepare(name: string, language: string) {
  const section = formatSections().find(({ format }) => format.name === name);
  if (section === undefined) throw new Error(`docs/formats.md does not describe ${name}`);
  const network = await Namespace.create();
  await network.addAddresses([LISTED, UNLISTED]);
  const folder = await temporaryFolder();
  await writeFile(join(folder, fileOf(section)), renderExample(section.format));
  const shown = onlyBlock(section, language);
  return {
    network,
    folder,
    section,
    snippet: shown.replaceAll(/\/(etc|var\/lib)\/\w+(?=\/)/g, folder),
  };
}

function fileOf({ format }: FormatSection): string {
  return `sekisho.${format.extension}`;
}

function curlFrom(address: string): string[] {
  return ['-sS', '--noproxy', '*', '--interface', address, '-o', '/dev/null', 'http://127.0.0.1/'];
}

/** HTTP status of a request that comes from the address. */
async function statusFrom(network: Namespace, address: string): Promise<string> {
  const { stdout } = await network.run('curl', [...curlFrom(address), '-w', '%{http_code}']);
  return stdout;
}

async function answers(network: Namespace): Promise<boolean> {
  return (await network.run('curl', curlFrom(UNLISTED))).code === 0;
}

async function isListed(network: Namespace, address: string): Promise<boolean> {
  const [reply] = await digAll(network, 'A', [dnsblName(4, address, 'kr.bl.example')]);
  return reply?.answers.join() === '127.0.0.2';
}
