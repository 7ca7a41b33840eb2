import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { temporaryFolder } from '../helpers/cleanup.js';
import { namedSettings } from '../helpers/name-servers.js';
import { Namespace } from '../helpers/namespace.js';
import { nginxSettings, nginxWords } from '../helpers/nginx.js';
import { systemTest } from '../helpers/programs.js';
import { startRbldnsd } from '../helpers/rbldnsd.js';
import { run } from '../helpers/run.js';

async function ask(network: Namespace, name: string, type: string): Promise<string> {
  const once = ['+short', '+tries=1', '+timeout=1', '-p', '5300', '@127.0.0.1'];
  return (await network.run('dig', [...once, name, type])).stdout.trim();
}

async function get(network: Namespace, url: string): Promise<string> {
  const { stdout } = await network.run('curl', ['--silent', '--noproxy', '*', url]);
  return stdout.trim();
}

describe('programs that serve', () => {
  systemTest('rbldnsd serves an ip4trie', ['rbldnsd', 'dig', 'namespace'], async () => {
    const cwd = await temporaryFolder();
    const network = await Namespace.create();
    await writeFile(join(cwd, 'home'), ':127.0.0.2:blocked $\n192.0.2.0/24\n');

    const isListed = async (): Promise<boolean> =>
      (await ask(network, '7.2.0.192.bl.example', 'A')) === '127.0.0.2';
    await startRbldnsd(network, cwd, ['bl.example:ip4trie:home'], isListed);
    expect(await ask(network, '7.2.0.192.bl.example', 'TXT')).toBe('"blocked 192.0.2.7"');
    expect(await ask(network, '7.100.51.198.bl.example', 'A')).toBe('');
  });

  systemTest('named serves a zone', ['named', 'named-checkzone', 'dig', 'namespace'], async () => {
    const cwd = await temporaryFolder();
    const network = await Namespace.create();
    await writeFile(join(cwd, 'zone'), zoneFile);
    await writeFile(
      join(cwd, 'named.conf'),
      namedSettings(cwd, 'zone "bl.example" { type primary; file "zone"; };', {
        address: '127.0.0.1',
        port: 5300,
      }),
    );

    const checked = await run('named-checkzone', ['bl.example', 'zone'], { cwd });
    expect(checked).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('serial 7') as string,
    });

    const server = await network.start('named', ['-g', '-c', join(cwd, 'named.conf')], {
      ready: async () => (await ask(network, '2.0.0.127.bl.example', 'A')) === '127.0.0.2',
    });
    expect(await ask(network, '2.0.0.127.bl.example', 'TXT')).toBe('"test"');
    await server.stop();
    expect(server.output()).toContain('exiting');
  });

  systemTest('nginx looks a client up in a geo block', ['nginx', 'curl', 'namespace'], async () => {
    const folder = await temporaryFolder();
    const network = await Namespace.create();
    await writeFile(join(folder, 'home.conf'), '127.0.0.0/8 XX;\n');
    await writeFile(join(folder, 'nginx.conf'), NGINX);

    const args = nginxWords(folder);
    const url = 'http://127.0.0.1:8080/';
    expect(await run('nginx', ['-t', ...args])).toMatchObject({ code: 0 });
    await network.start('nginx', args, { ready: async () => (await get(network, url)) !== '' });
    expect(await get(network, url)).toBe('country XX');
  });

  systemTest('haproxy looks a client up in a map', ['haproxy', 'curl', 'namespace'], async () => {
    const cwd = await temporaryFolder();
    const network = await Namespace.create();
    await writeFile(join(cwd, 'home.map'), '127.0.0.0/8 XX\n');
    await writeFile(join(cwd, 'haproxy.cfg'), haproxySettings);

    const url = 'http://127.0.0.1:8080/';
    expect(await run('haproxy', ['-c', '-f', 'haproxy.cfg'], { cwd })).toMatchObject({ code: 0 });
    await network.start('haproxy', ['-db', '-f', 'haproxy.cfg'], {
      cwd,
      ready: async () => (await get(network, url)) !== '',
    });
    expect(await get(network, url)).toBe('country XX');
  });
});

const zoneFile = `$TTL 60
@ SOA ns.example. hostmaster.example. 7 60 60 60 60
@ NS ns.example.
2.0.0.127 A 127.0.0.2
2.0.0.127 TXT "test"
`;

const NGINX = nginxSettings(`  access_log off;
  geo $country { default none; include home.conf; }
  server { listen 127.0.0.1:8080; location / { return 200 "country $country\\n"; } }`);

const haproxySettings = `
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend test
  bind 127.0.0.1:8080
  http-request return status 200 content-type text/plain lf-string "country %[src,map_ip(home.map,none)]"
`;
