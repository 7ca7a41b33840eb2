import { chmod, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'vitest';

import { cleanUp, temporaryFolder } from '../helpers/cleanup.js';
import { ask } from '../helpers/dns-questions.js';
import { dnsblName } from '../helpers/dig.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import type { RunResult } from '../helpers/run.js';
import { MAIN } from '../helpers/sekisho.js';
import type { Server } from '../helpers/server.js';

/* `sekisho rbldnsd` as it is called: what rbldnsd's own tests ask for, and its options. */

const NEEDS = ['root', 'namespace', 'dig'];
const HEAD = [
  '$SOA 0 example.org. hostmaster.example.com. 0 1h 1h 2d 1h',
  '$NS 1d ns0.example.org',
];

/** A folder that every user may write to, with these files. */
async function folderWith(files: Readonly<Record<string, readonly string[]>>): Promise<string> {
  const folder = await temporaryFolder();
  await chmod(folder, 0o777);
  for (const [name, lines] of Object.entries(files)) {
    await writeFile(join(folder, name), [...lines, ''].join('\n'));
  }
  return folder;
}

async function serve(
  network: Namespace,
  cwd: string,
  words: readonly string[],
  place: { address: string; port?: number } = { address: '127.0.0.1' },
): Promise<Server> {
  return network.start(process.execPath, [MAIN, 'rbldnsd', ...words], {
    cwd,
    ready: async () => (await ask(network, 'dummy.nonexisting.zone', 'TXT', place)) === 'REFUSED',
  });
}

function run(network: Namespace, cwd: string, words: readonly string[]): Promise<RunResult> {
  return network.run(process.execPath, [MAIN, 'rbldnsd', ...words], { cwd });
}

/** In a container nobody may be there to take its exit status: it stays, without any life. */
async function hasEnded(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tX');
  return /^State:\s+[XZ]/m.test(status);
}

systemTest('what the datasets of its own tests list, over both families', NEEDS, async () => {
  const network = await Namespace.create();
  const folder = await folderWith({
    generic: [...HEAD, 'test TXT "Success"'],
    'refuse-4': ['127.0.0.1 :refuse'],
    'pass-4': ['0.0.0.0/0 :refuse', '127.0.0.1 :pass'],
    'refuse-6': ['::1 :refuse'],
    'pass-6': ['0/0 :refuse', '0::1 :pass'],
    excluded: [...HEAD, '1.2.3.0/24 listed', '!1.2.3.4'],
    wild: [...HEAD, '0/0 wild', '127.0.0.1 localhost'],
    'excluded-6': [...HEAD, 'dead::/16 listed', '!dead::beef'],
    set: [...HEAD, '1.2.3.4 :1: Success'],
  });
  const acls = ['refuse-4', 'pass-4', 'refuse-6', 'pass-6'];
  const server = await serve(network, folder, [
    ...['-n', '-b', 'localhost/5300', '-b', '::1/5300'],
    ...acls.flatMap((name) => [`${name}.test:acl:${name}`, `${name}.test:generic:generic`]),
    ...['excluded.test:ip4trie:excluded', 'wild.test:ip4trie:wild'],
    ...['six.test:ip6trie:excluded-6', 'set.test:ip4set:set'],
  ]);
  const success = 'NOERROR "Success"';
  for (const [name, over4, over6] of [
    ['refuse-4', 'REFUSED', success],
    ['pass-4', success, success],
    ['refuse-6', success, 'REFUSED'],
    ['pass-6', 'REFUSED', success],
  ] as const) {
    expect(await ask(network, `test.${name}.test`, 'TXT', { address: '127.0.0.1' })).toBe(over4);
    expect(await ask(network, `test.${name}.test`, 'TXT', { address: '::1' })).toBe(over6);
  }
  const listed = (family: 4 | 6, address: string, zone: string): Promise<string> =>
    ask(network, dnsblName(family, address, zone), 'TXT');
  expect(await listed(4, '1.2.3.4', 'excluded.test')).toBe('NXDOMAIN');
  expect(await listed(4, '1.2.3.3', 'excluded.test')).toBe('NOERROR "listed"');
  expect(await listed(4, '1.2.3.5', 'excluded.test')).toBe('NOERROR "listed"');
  expect(await listed(4, '127.0.0.1', 'wild.test')).toBe('NOERROR "localhost"');
  expect(await listed(4, '0.0.0.0', 'wild.test')).toBe('NOERROR "wild"');
  const beef = 'dead:0:0:0:0:0:0:beef';
  expect(await listed(6, beef, 'six.test')).toBe('NXDOMAIN');
  expect(await listed(6, beef.replace('beef', 'beee'), 'six.test')).toBe('NOERROR "listed"');
  expect(await listed(4, '1.2.3.4', 'set.test')).toBe(success);
  expect(await listed(4, '1.2.3.5', 'set.test')).toBe('NXDOMAIN');
  await server.stop();
  expect(server.output()).toMatch(/^sekisho: stats for \d+sec: tot=\d+ /m);
});

systemTest('as root it becomes another user; files are looked at again', NEEDS, async () => {
  const network = await Namespace.create();
  const folder = await folderWith({ set: [...HEAD, '1.2.3.4 :1:one'] });
  const at = { address: '127.0.0.1', port: 53 };
  const server = await serve(
    network,
    '/',
    ['-n', '-w', folder, '-b', '127.1', 'bl.test:ip4set:set'],
    at,
  );
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
  expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).not.toBe('0');
  await writeFile(join(folder, 'set.new'), '1.2.3.4 :1:two\n');
  await rename(join(folder, 'set.new'), join(folder, 'set'));
  await expect.poll(() => ask(network, '4.3.2.1.bl.test', 'TXT', at)).toBe('NOERROR "two"');
  await rm(join(folder, 'set'));
  server.signal('SIGHUP');
  await expect.poll(() => server.output()).toContain('its old content is served');
  expect(await ask(network, '4.3.2.1.bl.test', 'TXT', at)).toBe('NOERROR "two"');
});

systemTest('-c 0 looks at files on SIGHUP only', NEEDS, async () => {
  const network = await Namespace.create();
  const folder = await folderWith({ set: ['1.2.3.4 :1:one'] });
  const server = await serve(network, folder, [
    ...['-n', '-c', '0', '-u', 'nobody', '-b', '127.0.0.1/5300', 'bl.test:ip4set:set'],
  ]);
  await writeFile(join(folder, 'set'), '1.2.3.4 :1:two\n');
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await ask(network, '4.3.2.1.bl.test', 'TXT')).toBe('NOERROR "one"');
  server.signal('SIGHUP');
  await expect.poll(() => ask(network, '4.3.2.1.bl.test', 'TXT')).toBe('NOERROR "two"');
});

systemTest(
  'without -n it goes to the background, and says whether that went well',
  NEEDS,
  async () => {
    const network = await Namespace.create();
    cleanUp(() => network.endProcesses());
    const folder = await folderWith({ set: [...HEAD, 'not right', '1.2.3.4 :1:one'] });
    const common = ['-u', 'nobody', '-w', folder, '-b', '127.0.0.1/5300'];
    const failed = await run(network, '/', [...common, 'bl.test:ip4set:missing']);
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toMatch(/no zone could be loaded[^]*missing: no such file/);

    const pidFile = join(folder, 'pid');
    const started = await run(network, '/', [...common, '-p', pidFile, 'bl.test:ip4set:set']);
    expect(started).toMatchObject({ code: 0, stdout: '' });
    expect(started.stderr).toContain('found "not right"');
    expect(await ask(network, '4.3.2.1.bl.test', 'TXT')).toBe('NOERROR "one"');
    const pid = Number(await readFile(pidFile, 'utf8'));
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const [, , , session, terminal] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    expect([Number(session), terminal]).toEqual([pid, '0']);

    const second = await run(network, '/', [...common, 'bl.test:ip4set:set']);
    expect(second).toMatchObject({ code: 1 });
    expect(second.stderr).toContain('the port is in use');
    process.kill(pid, 'SIGTERM');
    await expect.poll(() => hasEnded(pid)).toBe(true);
  },
);

systemTest(
  '-q starts without its zones, which are SERVFAIL until they are there',
  NEEDS,
  async () => {
    const network = await Namespace.create();
    cleanUp(() => network.endProcesses());
    const folder = await folderWith({});
    const words = ['-q', '-c', '1', '-u', 'nobody', '-w', folder, '-b', '127.0.0.1/5300'];
    expect(await run(network, '/', [...words, 'bl.test:ip4set:set'])).toMatchObject({ code: 0 });
    await expect.poll(() => ask(network, '4.3.2.1.bl.test', 'TXT')).toBe('SERVFAIL');
    await writeFile(join(folder, 'set'), '1.2.3.4 :1:one\n');
    await expect.poll(() => ask(network, '4.3.2.1.bl.test', 'TXT')).toBe('NOERROR "one"');
  },
);

systemTest('-v, -a and what stands in the authority section', NEEDS, async () => {
  const network = await Namespace.create();
  const folder = await folderWith({ set: [...HEAD, '1.2.3.4 :1:one'] });
  const zone = 'bl.test:ip4set:set';
  const dig = async (words: readonly string[]): Promise<string> => {
    const { stdout } = await network.run('dig', ['-p', '5300', '@127.0.0.1', ...words]);
    return stdout;
  };
  const version = ['+short', 'CH', 'TXT', 'version.bind'];
  const whole = ['+noall', '+authority', '4.3.2.1.bl.test'];
  for (const [words, said, authority] of [
    [[], /^"sekisho \d+\.\d+\.\d+"\n$/, /^bl\.test\.\s+86400\s+IN\s+NS\s+ns0\.example\.org\.\n$/],
    [['-v', '-a'], /^"sekisho"\n$/, /^$/],
    [['-vv'], /^$/, /NS\s+ns0/],
  ] as const) {
    const server = await serve(network, folder, [
      ...['-n', ...words, '-u', 'nobody', '-b', '127.0.0.1/5300', zone],
    ]);
    expect(await dig(version)).toMatch(said);
    expect(await dig(whole)).toMatch(authority);
    await server.stop();
  }
});

systemTest('-l and -s write lines as rbldnsd does', NEEDS, async () => {
  const network = await Namespace.create();
  const folder = await folderWith({ set: [...HEAD, '1.2.3.4 :1:one'] });
  const server = await serve(network, folder, [
    ...['-n', '-l', '+log', '-s', '+stats', '-u', 'nobody', '-b', '127.0.0.1/5300'],
    'bl.test:ip4set:set',
  ]);
  const lines = async (name: string): Promise<string[]> =>
    (await readFile(join(folder, name), 'utf8')).split('\n').slice(0, -1);
  expect(await ask(network, '4.3.2.1.bl.test', 'A')).toBe('NOERROR 127.0.0.1');
  server.signal('SIGUSR1');
  await expect.poll(() => lines('stats')).toHaveLength(2);
  expect(await ask(network, '5.3.2.1.bl.test', 'A')).toBe('NXDOMAIN');
  server.signal('SIGUSR2');
  await expect.poll(() => lines('stats')).toHaveLength(4);
  await server.stop();
  const [begun, first, second, anew, last, end] = await lines('stats');
  expect([begun, anew, end]).toEqual(Array(3).fill(expect.stringMatching(/^\d+$/)));
  expect(first).toMatch(/^\d+ bl\.test:1:1:0:\d+:\d+ \*:[2-9]:1:0:\d+:\d+$/);
  expect(second).toMatch(/^\d+ bl\.test:1:0:1:\d+:\d+ \*:1:0:1:\d+:\d+$/);
  expect(last).toMatch(/^\d+ bl\.test:0:0:0:0:0 \*:0:0:0:0:0$/);
  const logged = await lines('log');
  expect(logged.at(-1)).toMatch(/^\d+ 127\.0\.0\.1 5\.3\.2\.1\.bl\.test A IN: NXDOMAIN\/0\/\d+$/);
});

systemTest('-r: files are looked up in another root folder', NEEDS, async () => {
  const network = await Namespace.create();
  const outside = await folderWith({});
  const root = await folderWith({ set: [...HEAD, '1.2.3.4 :1:one'] });
  const zone = 'bl.test:ip4set:set';
  const dump = await run(network, outside, ['-d', '-r', root, zone]);
  expect(dump).toMatchObject({ code: 0, stderr: '' });
  expect(dump.stdout).toContain('4.3.2.1');
  // from the background, with a pid file outside and the other files inside
  const words = ['-r', root, '-w', '/', '-u', 'nobody', '-b', '127.0.0.1/5300', '-c', '1'];
  const files = ['-p', 'pid', '-l', '+log', '-s', '/stats'];
  const started = await run(network, outside, [...words, ...files, zone]);
  expect(started).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('answering') as string,
  });
  const pid = Number(await readFile(join(outside, 'pid'), 'utf8'));
  cleanUp(() => {
    process.kill(pid, 'SIGKILL');
  });
  expect(await readlink(`/proc/${pid}/root`)).toBe(root);
  expect(await ask(network, '4.3.2.1.bl.test', 'A')).toBe('NOERROR 127.0.0.1');
  await writeFile(join(root, 'set'), '1.2.3.5 :1:two\n');
  await expect
    .poll(() => ask(network, '5.3.2.1.bl.test', 'TXT'), { timeout: 5000 })
    .toBe('NOERROR "two"');
  process.kill(pid, 'SIGHUP');
  process.kill(pid, 'SIGUSR1');
  await expect.poll(() => readFile(join(root, 'stats'), 'utf8')).toMatch(/^\d+ bl\.test:\d/m);
  await expect
    .poll(() => readFile(join(root, 'log'), 'utf8'))
    .toMatch(/5\.3\.2\.1\.bl\.test TXT IN: NOERR/);
  process.kill(pid, 'SIGTERM');
  await expect.poll(() => hasEnded(pid)).toBe(true);
});

systemTest('-l - writes queries to standard output', NEEDS, async () => {
  const network = await Namespace.create();
  const folder = await folderWith({ set: ['1.2.3.4 :1:one'] });
  const server = await serve(network, folder, [
    ...['-n', '-l', '-', '-u', 'nobody', '-b', '127.0.0.1/5300', 'bl.test:ip4set:set'],
  ]);
  await ask(network, '4.3.2.1.bl.test', 'A');
  await expect.poll(() => server.output()).toMatch(/ 4\.3\.2\.1\.bl\.test A IN: NOERROR\/1\/\d+\n/);
});

systemTest('errors before anything starts: exit code 1 and what to do', NEEDS, async () => {
  const network = await Namespace.create();
  const folder = await folderWith({ set: ['1.2.3.4'] });
  const zone = 'bl.test:ip4set:set';
  for (const [words, said] of [
    [['-b', '127.0.0.1/none-such', zone], /expected a port from 1 to 65535 or a service/],
    [['-6', '-b', '127.0.0.1/5300', zone], /no IPv6 address, which -6 asks for/],
    [['-b', 'no-such-host.invalid/5300', zone], /no address of that name/],
    [['-u', 'no-such-user', '-b', '127.0.0.1/5300', zone], /there is no user no-such-user/],
    [['-u', 'root', '-b', '127.0.0.1/5300', zone], /must not run as root/],
    [['-r', '/none/such', '-b', '127.0.0.1/5300', zone], /cannot work in \/none\/such/],
    [['-p', '/none/such', '-b', '127.0.0.1/5300', zone], /cannot write the process id/],
    [['-w', '/none/such', '-b', '127.0.0.1/5300', zone], /cannot work in \/none\/such/],
    [['-b', '192.0.2.9/5300', zone], /this host does not have the address/],
  ] as const) {
    const { code, stderr } = await run(network, folder, ['-n', ...words]);
    expect(stderr).toMatch(said);
    expect(code).toBe(1);
  }
});
