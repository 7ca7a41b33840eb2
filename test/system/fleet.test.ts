import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect } from 'vitest';

import { blocksOf, readPage } from '../docs/markdown.js';
import { Agent } from '../helpers/agent.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import type { Namespace } from '../helpers/namespace.js';
import { nginxSettings, nginxWords } from '../helpers/nginx.js';
import { missing, systemTest } from '../helpers/programs.js';
import type { RunResult } from '../helpers/run.js';
import { MAIN } from '../helpers/sekisho.js';
import { joinedNamespaces } from '../helpers/veth-pair.js';

/*
 * The fleet of docs/feeds.md: two hosts on a wire, one publishes through nginx what it blocks, the
 * other denies it. Who connects has his addresses on the publisher's end of the wire.
 */

const NEEDS = ['nft', 'nginx', 'curl', 'namespace'];
const TRAFFIC = fileURLToPath(new URL('../helpers/traffic-agent.mjs', import.meta.url));

const PUBLISHER = '192.0.2.2';
const READER = { 4: '192.0.2.1', 6: '2001:db8::1' };
const BAD = ['198.51.100.66', '2001:db8:bad::66'];
const WORSE = ['198.51.100.77', '2001:db8:bad::77'];
const GOOD = ['203.0.113.9', '2001:db8:9::9'];

const PAGE = readPage('docs/feeds.md');
const FLEET = PAGE.slice(PAGE.indexOf('## A fleet'));

function block(language: string): string {
  const [found] = blocksOf(FLEET).filter((each) => each.language === language);
  if (found === undefined) throw new Error(`no block of ${language} in the fleet of docs/feeds.md`);
  return found.text;
}

class Host {
  readonly network: Namespace;
  readonly folder: string;

  constructor(network: Namespace, folder: string) {
    this.network = network;
    this.folder = folder;
  }

  async configure(text: string): Promise<void> {
    await writeFile(join(this.folder, 'countries.csv'), '1.11.0.0,1.11.255.255,KR\n');
    const head = 'state: state\nsources: { csv: [countries.csv] }\n';
    await writeFile(join(this.folder, 'sekisho.yaml'), head + text);
  }

  async run(...args: readonly string[]): Promise<RunResult> {
    return this.network.run(process.execPath, [MAIN, ...args, '--config', 'sekisho.yaml'], {
      cwd: this.folder,
      env: { SSH_CONNECTION: '', http_proxy: '', HTTP_PROXY: '' },
    });
  }
}

describe('a fleet', () => {
  let publisher: Host;
  let reader: Host;
  let client: Agent;
  let webRoot: string;

  beforeAll(async () => {
    if (missing(...NEEDS) !== undefined) return;
    const pair = await joinedNamespaces([...BAD, ...WORSE, ...GOOD]);
    publisher = new Host(pair.client, await temporaryFolder());
    reader = new Host(pair.server, await temporaryFolder());
    webRoot = join(publisher.folder, 'www');
    await mkdir(webRoot);
    await writeFile(join(publisher.folder, 'blocked.txt'), `${BAD.join(' seen\n')}\n`);
    await publisher.configure('lists: { blocked: { file: blocked.txt } }\n');
    await reader.configure(block('yaml').replaceAll('lists.example.net', PUBLISHER));
    const server = await Agent.start(reader.network, TRAFFIC);
    await server.ask({ do: 'listen', tcp: [22] });
    client = await Agent.start(publisher.network, TRAFFIC);
  });

  /** As the page has it, in a folder of the test's. */
  async function publish(): Promise<void> {
    const [program = '', ...words] = block('sh').trim().split(' ');
    expect(program).toBe('sekisho');
    const args = words.map((word) => word.replace('/var/www/sekisho', webRoot));
    expect(await publisher.run(...args)).toMatchObject({ code: 0, stderr: '' });
  }

  async function startNginx(): Promise<void> {
    const { folder, network } = publisher;
    const server = block('nginx').replace('/var/www/sekisho', webRoot);
    const log = "log_format short '$status $uri';\naccess_log requests.log short;\n";
    await writeFile(join(folder, 'nginx.conf'), nginxSettings(log + server));
    await network.start('nginx', nginxWords(folder), {
      ready: () => existsSync(join(folder, 'nginx.pid')),
    });
  }

  /** `STATUS PATH` of each request since the last call. */
  let told = 0;
  function requests(): string[] {
    const lines = readFileSync(join(publisher.folder, 'requests.log'), 'utf8').trim().split('\n');
    const fresh = lines.slice(told);
    told = lines.length;
    return fresh.sort();
  }

  /** Asks the publisher for a file from one of the addresses on its end of the wire. */
  async function ask(address: string): Promise<void> {
    const url = `http://${PUBLISHER}:8080/blocked-ipv4.cidr`;
    const args = ['-sS', '--noproxy', '*', '-o', '/dev/null', '--interface', address, url];
    expect(await publisher.network.run('curl', args)).toMatchObject({ code: 0 });
  }

  async function connect(from: readonly string[]): Promise<string[]> {
    return Promise.all(
      ([4, 6] as const).map((family, i) =>
        client.ask<string>({ do: 'connect', from: from[i], to: READER[family], port: 22 }),
      ),
    );
  }

  async function update(): Promise<void> {
    expect(await reader.run('update')).toEqual({ code: 0, stdout: '', stderr: '' });
  }

  const DENIED = ['dropped', 'dropped'];
  const OPEN = ['open', 'open'];

  systemTest('who is blocked on one host is denied on the other, and freed', NEEDS, async () => {
    expect(await connect(BAD)).toEqual(OPEN);
    await publish();
    expect(
      readdirSync(webRoot)
        .filter((name) => !name.startsWith('.'))
        .sort(),
    ).toEqual(['blocked-ipv4.cidr', 'blocked-ipv6.cidr', 'kr-ipv4.cidr', 'kr-ipv6.cidr']);
    await startNginx();
    await update();
    expect(requests()).toEqual(['200 /blocked-ipv4.cidr', '200 /blocked-ipv6.cidr']);
    await ask(GOOD[0] ?? '');
    expect(requests(), 'a stranger to the fleet').toEqual(['403 /blocked-ipv4.cidr']);
    expect([await connect(BAD), await connect(WORSE), await connect(GOOD)]).toEqual([
      DENIED,
      OPEN,
      OPEN,
    ]);

    // nothing new, and exported all the same
    const { ino } = statSync(join(webRoot, 'blocked-ipv4.cidr'));
    await publish();
    expect(statSync(join(webRoot, 'blocked-ipv4.cidr')).ino).toBe(ino);
    await update();
    expect(requests()).toEqual(['304 /blocked-ipv4.cidr', '304 /blocked-ipv6.cidr']);

    // one more, of one family
    expect(await publisher.run('block', WORSE[0] ?? '', '--reason', 'scan')).toMatchObject({
      code: 0,
    });
    await publish();
    await update();
    expect(requests()).toEqual(['200 /blocked-ipv4.cidr', '304 /blocked-ipv6.cidr']);
    expect(await connect(WORSE)).toEqual(['dropped', 'open']);

    // the last one goes, too
    const { code } = await publisher.run('unblock', ...BAD, WORSE[0] ?? '');
    expect(code).toBe(0);
    await publish();
    await update();
    expect(requests()).toEqual(['200 /blocked-ipv4.cidr', '200 /blocked-ipv6.cidr']);
    expect([await connect(BAD), await connect(WORSE)]).toEqual([OPEN, OPEN]);
  });
});
