import { appendFile, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, vi } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import { MAIN } from '../helpers/sekisho.js';
import { statisticsText } from '../helpers/statistics-text.js';

const ACTION = fileURLToPath(new URL('../../scripts/fail2ban/sekisho.conf', import.meta.url));

const CONFIG = `state: state
lists:
  asia: { countries: [KR] }
  blocked: { file: blocked.txt }
  fail2ban: { file: fail2ban.txt }
firewall:
  backend: nftables
  admins: [198.51.100.20]
  blocked: [blocked, fail2ban]
  rules: [{ name: mail, tcp: [25], deny: [asia] }]
`;

const FILTER = '[Definition]\nfailregex = ^ refused <HOST>$\n';
const WAIT = { timeout: 15_000, interval: 100 };

/** A configuration with one jail, which bans at the first line of its log. */
async function configuration(): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'sekisho.yaml'), CONFIG);
  await writeFile(join(folder, 'blocked.txt'), '');
  await writeFile(join(folder, 'fail2ban.txt'), '# by fail2ban\n');
  await writeFile(join(folder, 'delegated-apnic'), statisticsText());
  await writeFile(join(folder, 'service.log'), '');
  for (const part of ['action.d', 'filter.d']) await mkdir(join(folder, part));
  await copyFile(ACTION, join(folder, 'action.d', 'sekisho.conf'));
  await writeFile(join(folder, 'filter.d', 'service.conf'), FILTER);
  await writeFile(
    join(folder, 'fail2ban.conf'),
    `[Definition]
loglevel = INFO
logtarget = STDOUT
syslogsocket = auto
socket = ${folder}/socket
pidfile = ${folder}/pid
dbfile = ${folder}/bans.sqlite3
dbpurgeage = 1d
dbmaxmatches = 10
[Thread]
stacksize = 0
`,
  );
  const command = `${process.execPath} ${MAIN}`;
  await writeFile(
    join(folder, 'jail.conf'),
    `[service]
enabled = true
backend = polling
filter = service
maxretry = 1
findtime = 1h
bantime = 30d
logpath = ${folder}/service.log
action = sekisho[name=service, command="${command}", config="${folder}/sekisho.yaml"]
`,
  );
  return folder;
}

systemTest(
  'fail2ban bans, unbans, stops and starts again with the action of scripts/fail2ban',
  ['fail2ban-server', 'fail2ban-client', 'nft', 'namespace'],
  async () => {
    const folder = await configuration();
    const network = await Namespace.create();
    const env = { SSH_CONNECTION: '' };
    const client = (...words: readonly string[]) =>
      network.run('fail2ban-client', ['-c', folder, ...words]);
    const start = () =>
      network.start('fail2ban-server', ['-f', '-c', folder, 'start'], {
        ready: async () => (await client('ping')).stdout.includes('pong'),
        env,
      });
    const held = async (): Promise<string[]> => {
      const words = ['list', 'set', 'inet', 'sekisho', 'fail2ban_v4'];
      const { stdout } = await network.run('nft', words);
      return (stdout.match(/203\.0\.113\.\d+/g) ?? []).sort();
    };
    const list = () => readFile(join(folder, 'fail2ban.txt'), 'utf8');
    const applied = await network.run(
      process.execPath,
      [MAIN, 'apply', '--config', 'sekisho.yaml', '--from', 'delegated-apnic'],
      { cwd: folder, env },
    );
    expect(applied).toMatchObject({ code: 0 });

    let server = await start();
    const stamp = (): string => new Date().toISOString().replace('T', ' ').slice(0, 19);
    for (const address of ['203.0.113.7', '198.51.100.20', '203.0.113.8']) {
      await appendFile(join(folder, 'service.log'), `${stamp()} refused ${address}\n`);
    }
    await vi.waitFor(async () => {
      expect(await held()).toEqual(['203.0.113.7', '203.0.113.8']);
    }, WAIT);
    // an entry that ends by itself, with its reason; an admin is refused
    expect(await list()).toMatch(
      /^# by fail2ban\n203\.0\.113\.7 until=\S+Z since=\S+Z by=\S+ fail2ban service\n203\.0\.113\.8 /,
    );
    expect(server.output()).toMatch(/198\.51\.100\.20 holds an address of firewall\.admins/);

    await client('set', 'service', 'unbanip', '203.0.113.7');
    expect(await held()).toEqual(['203.0.113.8']);

    await server.stop();
    expect(await held()).toEqual([]);
    expect(await list()).toBe('# by fail2ban\n');

    server = await start();
    await vi.waitFor(async () => {
      expect(await held()).toEqual(['203.0.113.8']);
    }, WAIT);
  },
  90_000,
);
