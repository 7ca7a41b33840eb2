import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { systemTest, unpackedPackage } from '../helpers/programs.js';
import { programPath, run } from '../helpers/run.js';
import { MAIN, sekisho } from '../helpers/sekisho.js';

/*
 * What `install` writes, as the programs that will read it see it.
 */

const OPENRC_HOST = fileURLToPath(new URL('../helpers/openrc-host.sh', import.meta.url));
const UNITS = 'etc/systemd/system';
/** The units that run Node.js, and so what the registries send. */
const HARDENED = ['sekisho.service', 'sekisho-dnsbl.service', 'sekisho-update.service'];

async function installed(...kinds: readonly string[]): Promise<string> {
  const prefix = await temporaryFolder();
  const { code, stdout } = await sekisho(['install', ...kinds, '--prefix', prefix]);
  expect(code).toBe(0);
  expect(stdout).not.toContain('What comes next'); // the host itself is another
  return prefix;
}

const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
    .sort();

systemTest(
  'systemd takes the units, and finds them closed enough',
  ['systemd-analyze'],
  async () => {
    const prefix = await installed('--systemd');
    const folder = join(prefix, UNITS);
    const units = (await readdir(folder)).filter((name) => /\.(service|timer)$/.test(name));
    expect(units).toHaveLength(5);
    // the drop-in for nftables.service is verified where there is one, in firewall-boot.test.ts
    const verified = await run(
      'systemd-analyze',
      ['verify', '--man=no', ...units.map((name) => join(folder, name))],
      { env: { SYSTEMD_UNIT_PATH: `${folder}:` } },
    );
    const ours = (text: string): string[] =>
      text.split('\n').filter((line) => line.includes('sekisho'));
    expect(ours(verified.stdout + verified.stderr)).toEqual([]);
    expect(verified.code).toBe(0);
    for (const name of HARDENED) {
      const words = ['security', '--offline=true', '--no-pager', join(folder, name)];
      const { stdout } = await run('systemd-analyze', words);
      const [, level] = /exposure level for \S+: (\d+\.\d)/.exec(stdout) ?? [];
      expect(Number(level), name).toBeGreaterThan(0);
      expect(Number(level), name).toBeLessThanOrEqual(2.5);
      const tooLow = await run('systemd-analyze', ['--threshold=1', ...words]);
      expect(tooLow.code, 'a threshold is kept').not.toBe(0);
    }
  },
);

test('the prefix is not named in what is written, and each kind writes its own', async () => {
  const shared = ['/etc/logrotate.d/sekisho', '/etc/sekisho/.installed.json'];
  const kinds = { '--systemd': 6, '--openrc': 3, '--cron': 1 };
  for (const [kind, count] of Object.entries(kinds)) {
    const prefix = await installed(kind);
    const files = await filesIn(prefix);
    for (const file of shared) expect(files).toContain(file);
    const services = files.filter((path) => /systemd|init\.d|cron\.d/.test(path));
    expect(services, kind).toHaveLength(count);
    for (const file of files) {
      const text = await readFile(prefix + file, 'utf8');
      expect(text, file).not.toContain(prefix);
      expect(text, file).not.toMatch(/@[A-Z_]+@/);
    }
    const uninstalled = await sekisho(['uninstall', '--prefix', prefix]);
    expect(uninstalled).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^removed {3}\/var\/lib\/sekisho$/m) as string,
    });
    expect(await readdir(prefix)).toEqual([]);
  }
});

test('an example configuration that is good as it is', async () => {
  const prefix = await installed('--cron');
  const config = join(prefix, 'etc/sekisho/sekisho.yaml');
  const { code, stderr } = await sekisho(['config', 'check', '--config', config]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

test('what was changed stays, with exit code 3 and the new text beside it', async () => {
  const prefix = await installed('--cron');
  const cron = join(prefix, 'etc/cron.d/sekisho');
  await writeFile(cron, '# mine\n');
  const again = await sekisho(['install', '--cron', '--prefix', prefix]);
  expect(again.code).toBe(3);
  expect(again.stderr).toContain('/etc/cron.d/sekisho is not as it was installed');
  expect(await readFile(cron, 'utf8')).toBe('# mine\n');
  await writeFile(join(prefix, 'var/lib/sekisho/data'), '');
  const { stdout } = await sekisho(['uninstall', '--prefix', prefix]);
  expect(stdout).toContain('left      /etc/cron.d/sekisho (changed)');
  expect(stdout).toMatch(/^left {6}\/var\/lib\/sekisho$/m);
  expect(await filesIn(prefix)).toEqual(['/etc/cron.d/sekisho', '/var/lib/sekisho/data']);
});

test('words that say nothing, and a place where nothing is', async () => {
  const prefix = await temporaryFolder();
  expect(await sekisho(['install', '--prefix', prefix])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /expected one or more of --systemd, --openrc and --cron/,
    ) as string,
  });
  expect(await sekisho(['uninstall', '--prefix', prefix])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/found no .*\.installed\.json below/) as string,
  });
  expect(await readdir(prefix)).toEqual([]);
});

test('the line for cron is what cron and its shell take', async () => {
  const prefix = await installed('--cron');
  const text = await readFile(join(prefix, 'etc/cron.d/sekisho'), 'utf8');
  const lines = text.split('\n').filter((line) => /^[^#\s]/.test(line));
  expect(lines).toHaveLength(3); // PATH, boot, update
  expect(lines[1]).toMatch(
    /^@reboot root \/bin\/sh "\/usr\/local\/lib\/sekisho\/load-firewall" "\//,
  );
  expect(lines[2]).toMatch(/^\d+ 4 \* \* \* root "\//);
  expect(text.endsWith('\n')).toBe(true); // or cron reads no last line
  expect(text).not.toContain('%'); // which cron takes for a line's end
  const command = String(lines[2]).replace(/^.* root /, '');
  expect((await run('sh', ['-n', '-c', command])).code).toBe(0);
});

systemTest('logrotate rotates, and who writes goes on', ['logrotate'], async () => {
  const prefix = await installed('--cron');
  const folder = await temporaryFolder();
  const log = join(folder, 'sekisho.log');
  await writeFile(log, 'a line\n');
  const text = await readFile(join(prefix, 'etc/logrotate.d/sekisho'), 'utf8');
  const rules = join(folder, 'rules');
  await writeFile(rules, text.replace('/var/log/sekisho/*.log', log));
  const words = ['--force', '--state', join(folder, 'state'), rules];
  const { code, stderr } = await run('logrotate', words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(await readFile(log, 'utf8')).toBe('');
  expect(await readFile(`${log}.1`, 'utf8')).toBe('a line\n');
});

const OPENRC_CONFIG = `
lists: { blocked: { file: lists/blocked.txt } }
dnsbl:
  listen: ['127.0.0.2:53']
  zones: [{ name: bl.example.net, lists: { blocked: { code: 127.0.0.2 } } }]
`;

/** What is done on that host; a line for each step. `$1` is dig, `$2` Node.js, `$3` the program. */
const OPENRC_STEPS = `
step() { name=$1; shift; "$@" >/dev/null 2>&1; echo "$name $?"; }
answer() {
  tries=100
  while [ $tries -gt 0 ]; do
    found=$("$1" +short +tries=1 +time=1 @127.0.0.2 7.2.0.192.bl.example.net 2>/dev/null) && break
    tries=$((tries - 1)); sleep 0.1
  done
  echo "answer $found"
}
step start rc-service sekisho-dnsbl start
answer "$1"
served=$(pgrep -n -f "$3\\W+serve")
echo "$(grep NoNewPrivs /proc/$served/status | tr '\\t' ' ') $(grep Umask /proc/$served/status | tr '\\t' ' ')"
before=$(cat /run/openrc/options/sekisho-dnsbl/child_pid /run/sekisho-dnsbl.pid 2>/dev/null)
step reload rc-service sekisho-dnsbl reload
tries=100
while [ $tries -gt 0 ] && [ "$(grep -c answering /var/log/sekisho/sekisho-dnsbl.log)" -lt 2 ]; do
  tries=$((tries - 1)); sleep 0.1
done
echo "lines $(grep -c answering /var/log/sekisho/sekisho-dnsbl.log)"
after=$(cat /run/openrc/options/sekisho-dnsbl/child_pid /run/sekisho-dnsbl.pid 2>/dev/null)
[ -n "$after" ] && [ "$before" = "$after" ] && echo 'the same process'
cp /etc/sekisho/sekisho.yaml /tmp/good.$$
echo 'x: y' >>/etc/sekisho/sekisho.yaml
step 'reload of a wrong configuration' rc-service sekisho-dnsbl reload
answer "$1"
cat /tmp/good.$$ >/etc/sekisho/sekisho.yaml
rm /tmp/good.$$
step boot rc-service sekisho-firewall start
step enable rc-update add sekisho-dnsbl default
step uninstall "$2" "$3" uninstall
pgrep -f "$3 serve" >/dev/null || echo stopped
echo "left $(ls /etc/init.d /etc/runlevels/default | grep -c sekisho)"
`;

systemTest(
  'OpenRC starts, reloads and stops the services',
  ['namespace', 'openrc-run', 'dig', 'ip'],
  async () => {
    const prefix = await installed('--openrc');
    for (const name of ['sekisho', 'sekisho-dnsbl', 'sekisho-firewall']) {
      expect((await run('sh', ['-n', join(prefix, 'etc/init.d', name)])).code, name).toBe(0);
    }
    await writeFile(join(prefix, 'etc/sekisho/sekisho.yaml'), OPENRC_CONFIG);
    const folder = await temporaryFolder();
    const tree = unpackedPackage('openrc');
    const own = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const words = [OPENRC_HOST, folder, tree, prefix, 'sh', '-c', OPENRC_STEPS, 'sh'];
    const all = [...words, programPath('dig'), process.execPath, MAIN];
    const { stdout, stderr } = await run('unshare', [...own, 'sh', ...all]);
    expect(stdout.split('\n'), stderr).toEqual([
      'start 0',
      'answer 127.0.0.2',
      'NoNewPrivs: 1 Umask: 0022',
      'reload 0',
      'lines 2',
      'the same process',
      'reload of a wrong configuration 1',
      'answer 127.0.0.2',
      'boot 0',
      'enable 0',
      'uninstall 0',
      'stopped',
      'left 0',
      '',
    ]);
  },
);
