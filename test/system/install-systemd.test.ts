import { beforeAll, describe, expect, test } from 'vitest';

import { COMMANDS } from '../../src/cli/commands.js';
import { until } from '../helpers/dnsbl-service.js';
import { nftablesService } from '../helpers/nftables-service.js';
import { missing, unpackedPackage } from '../helpers/programs.js';
import { programPath } from '../helpers/run.js';
import { SystemdHost, systemdObstacle } from '../helpers/systemd.js';

/*
 * The units that `install` writes, started by a real systemd, under all their restrictions.
 */

const CONFIG = `
sources: { csv: [countries.csv] }
lists:
  asia: { countries: [KR] }
  blocked: { file: lists/blocked.txt }
exports:
  - { format: cidr, file: 'out/{list}.txt', lists: [asia] }
firewall:
  rules: [{ name: ssh, tcp: [22], deny: [asia] }]
dnsbl:
  listen: ['127.0.0.2:53']
  query_log: { which: all, file: /var/log/sekisho/queries.log }
  zones:
    - { name: bl.example.net, lists: { blocked: { code: 127.0.0.2 } } }
schedule: '7 5 * * *'
`;

/** As Debian ships it: restart and stop flush every table. */
const NFTABLES_SERVICE = nftablesService({
  start: '/usr/sbin/nft -f /etc/nftables.conf',
  reload: '/usr/sbin/nft -f /etc/nftables.conf',
  stop: '/usr/sbin/nft flush ruleset',
});

const reason = missing('root', 'namespace', 'nft', 'dig', 'systemd-analyze') ?? systemdObstacle();
const isRequired = process.env['SEKISHO_REQUIRE_SYSTEM'] === '1';
const hasDaemon = COMMANDS.some(({ name }) => name === 'run');
const title = 'a host that systemd runs';

describe.skipIf(reason !== undefined && !isRequired)(
  reason === undefined ? title : `${title} [skipped: ${reason}]`,
  () => {
    let host: SystemdHost;

    beforeAll(async () => {
      if (reason !== undefined) throw new Error(`${reason}, with SEKISHO_REQUIRE_SYSTEM=1`);
      const trees = ['nftables', 'iptables', 'ipset'].map(unpackedPackage);
      host = await SystemdHost.boot(trees, {
        '/etc/sekisho/sekisho.yaml': CONFIG,
        '/etc/sekisho/countries.csv': '203.0.113.0,203.0.113.255,KR\n',
        '/etc/sekisho/lists/blocked.txt': '192.0.2.7 test\n',
        '/etc/nftables.conf': 'flush ruleset\ntable inet filter { }\n',
        '/etc/systemd/system/nftables.service': NFTABLES_SERVICE,
      });
      const { code, stderr } = await host.sekisho('install', '--systemd');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    });

    const tables = async (): Promise<string> =>
      (await host.run('nft', ['list', 'tables'])).stdout.trim();
    const listing = async (name: string): Promise<string> => {
      const words = ['+short', '+tries=1', '+time=1', '@127.0.0.2', `${name}.bl.example.net`];
      return (await host.run(programPath('dig'), words)).stdout.trim();
    };

    test('install starts and enables nothing', async () => {
      for (const unit of ['sekisho.service', 'sekisho-dnsbl.service', 'sekisho-update.timer']) {
        expect(await host.property(unit, 'UnitFileState'), unit).toBe('disabled');
        expect(await host.property(unit, 'ActiveState'), unit).toBe('inactive');
        // it was read again: the first that systemd hears of it was `install`
        expect(await host.property(unit, 'LoadState'), unit).toBe('loaded');
      }
      expect(await tables()).toBe('');
    });

    test('the update applies and exports', async () => {
      await host.systemctl('start', 'sekisho-update.service');
      expect(await tables()).toBe('table inet sekisho');
      expect(await host.read('/etc/sekisho/out/asia.txt')).toContain('203.0.113.0/24');
      expect((await host.sekisho('status')).code).toBe(0);
      const { code } = await host.run('nft', ['list', 'set', 'inet', 'sekisho', 'asia_v4']);
      expect(code).toBe(0);
    });

    test('the update applies by ipset and both kinds of iptables', async () => {
      const withBackend = CONFIG.replace('firewall:', 'firewall:\n  backend: ipset');
      for (const kind of ['nft', 'legacy']) {
        const names = ['iptables', 'ip6tables'].flatMap((name) => [
          name,
          `${name}-restore`,
          `${name}-save`,
        ]);
        for (const name of names) {
          const target = `/usr/sbin/${name.replace('tables', `tables-${kind}`)}`;
          await host.run('ln', ['-sf', target, `/usr/local/sbin/${name}`]);
        }
        await host.write('/etc/sekisho/sekisho.yaml', withBackend);
        await host.systemctl('start', 'sekisho-update.service');
        const { stdout } = await host.run(`/usr/sbin/iptables-${kind}-save`);
        expect(stdout, kind).toContain('--match-set sekisho-asia_v4 src');
        expect((await host.sekisho('flush')).code, kind).toBe(0);
      }
      await host.write('/etc/sekisho/sekisho.yaml', CONFIG);
      await host.systemctl('start', 'sekisho-update.service');
      expect(await tables()).toContain('table inet sekisho');
    });

    test('the DNSBL answers on port 53, restricted, reloads, comes back, and stops at once', async () => {
      const unit = 'sekisho-dnsbl.service';
      await host.systemctl('start', unit);
      expect(await listing('7.2.0.192')).toBe('127.0.0.2');
      expect(await host.property(unit, 'StatusText')).toMatch(/answering/);
      const pid = await host.property(unit, 'MainPID');
      const status = (await host.run('cat', [`/proc/${pid}/status`])).stdout;
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      expect(status).toMatch(/^Seccomp:\t2$/m);
      // SETGID, SETUID, NET_BIND_SERVICE
      expect(status).toMatch(/^CapBnd:\t00000000000004c0$/m);

      expect((await host.sekisho('block', '198.51.100.9')).code).toBe(0);
      await until(() => listing('9.100.51.198'), '127.0.0.2');
      await host.systemctl('reload', unit);
      // ExecReload only sends the signal
      await until(() => host.property(unit, 'StatusText'), /loaded again|answering/);
      expect(await host.property(unit, 'MainPID')).toBe(pid);

      await host.run('kill', ['-KILL', pid]);
      await until(() => listing('9.100.51.198'), '127.0.0.2');
      expect(await host.property(unit, 'NRestarts')).toBe('1');

      const startMs = Date.now();
      await host.systemctl('stop', unit);
      expect(Date.now() - startMs).toBeLessThan(5_000);
      expect(await host.property(unit, 'Result')).toBe('success');
      expect(await host.read('/var/log/sekisho/queries.log')).toContain(
        '9.100.51.198.bl.example.net A',
      );
    });

    test('a wrong configuration ends it, and it is not tried again and again', async () => {
      const unit = 'sekisho-dnsbl.service';
      await host.write('/etc/sekisho/sekisho.yaml', CONFIG.replace('listen', 'lisen'));
      await expect(host.systemctl('start', unit)).rejects.toThrow(/unknown option "lisen"/);
      expect(await host.property(unit, 'ActiveState')).toBe('failed');
      await host.write('/etc/sekisho/sekisho.yaml', CONFIG);
      await host.systemctl('reset-failed', unit);
    });

    test('our table is back after each start, restart and reload of nftables', async () => {
      await host.systemctl('enable', '--quiet', 'sekisho-firewall.service', 'nftables.service');
      for (const verb of ['start', 'restart', 'reload']) {
        await host.systemctl(verb, 'nftables.service');
        expect(await tables(), verb).toContain('inet filter');
        expect(await tables(), verb).toContain('inet sekisho');
      }
      // the boot unit itself, too
      await host.run('nft', ['flush', 'ruleset']);
      await host.systemctl('restart', 'sekisho-firewall.service');
      expect(await tables()).toContain('inet sekisho');
    });

    test('an apply that is not confirmed goes back, by a unit of its own', async () => {
      const none = CONFIG.replace('tcp: [22]', 'tcp: [22, 2222]');
      await host.write('/etc/sekisho/sekisho.yaml', none);
      const ports = async (): Promise<string> =>
        (await host.run('nft', ['list', 'table', 'inet', 'sekisho'])).stdout;
      const applied = await host.sekisho('apply', '--confirm', '3');
      expect(applied).toMatchObject({ code: 0 });
      expect(await ports()).toContain('2222');
      expect(await host.systemctl('list-units', '--plain', 'sekisho-confirm-*')).toContain(
        'running',
      );
      await until(async () => ((await ports()).includes('2222') ? 'there' : 'gone'), 'gone');
      await host.write('/etc/sekisho/sekisho.yaml', CONFIG);
      // after a roll-back nothing unattended applies until a person has
      expect((await host.sekisho('apply')).code).toBe(0);
    });

    test('after a boot the rules are there before the network', async () => {
      await host.systemctl('enable', '--quiet', 'sekisho-dnsbl.service');
      await host.reboot();
      expect(await tables()).toContain('inet sekisho');
      const at = async (unit: string, name: string): Promise<number> =>
        Number(await host.property(unit, `${name}Monotonic`));
      const loaded = await at('sekisho-firewall.service', 'ActiveEnterTimestamp');
      expect(loaded).toBeGreaterThan(0);
      expect(loaded).toBeLessThanOrEqual(await at('network-pre.target', 'ActiveEnterTimestamp'));
      await until(() => listing('7.2.0.192'), '127.0.0.2');
    });

    test.skipIf(!hasDaemon)(
      'the daemon applies, answers, reloads, tells its watchdog, and stops at once',
      async () => {
        const unit = 'sekisho.service';
        await host.run('nft', ['flush', 'ruleset']);
        // a shorter watch than the unit's own, so that it is seen to be kept
        await host.write(
          `/run/systemd/system.control/${unit}.d/short.conf`,
          '[Service]\nWatchdogSec=2s\n',
        );
        await host.systemctl('daemon-reload');
        await host.systemctl('start', unit);
        expect(await host.property('sekisho-dnsbl.service', 'ActiveState')).toBe('inactive');
        await until(() => listing('7.2.0.192'), '127.0.0.2');
        await until(tables, /inet sekisho/);
        const pid = await host.property(unit, 'MainPID');
        const status = (await host.run('cat', [`/proc/${pid}/status`])).stdout;
        expect(status).toMatch(/^NoNewPrivs:\t1$/m);
        expect(status).toMatch(/^Seccomp:\t2$/m);
        // CHOWN, NET_BIND_SERVICE, NET_ADMIN, NET_RAW
        expect(status).toMatch(/^CapBnd:\t0000000000003401$/m);
        expect((await host.sekisho('block', '198.51.100.77')).code).toBe(0);
        await until(() => listing('77.100.51.198'), '127.0.0.2');
        const first = await host.property(unit, 'WatchdogTimestampMonotonic');
        await until(async () => {
          return (await host.property(unit, 'WatchdogTimestampMonotonic')) === first
            ? 'old'
            : 'new';
        }, 'new');
        await host.systemctl('reload', unit);
        expect(await host.property(unit, 'MainPID')).toBe(pid);
        const startMs = Date.now();
        await host.systemctl('stop', unit);
        expect(Date.now() - startMs).toBeLessThan(5_000);
        expect(await host.property(unit, 'Result')).toBe('success');
        expect(await tables()).toContain('inet sekisho'); // stopping opens nothing
        await host.systemctl('start', 'sekisho-dnsbl.service');
      },
    );

    test('uninstall stops, disables and takes away what install wrote', async () => {
      const { code, stdout, stderr } = await host.sekisho('uninstall');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain('removed   /etc/systemd/system/sekisho-dnsbl.service');
      expect(await listing('7.2.0.192')).not.toBe('127.0.0.2');
      const left = await host.run('find', ['/etc', '/usr/local', '-name', '*sekisho*']);
      expect(left.stdout).toBe('/etc/sekisho\n/etc/sekisho/sekisho.yaml\n');
      expect(await tables()).toContain('inet sekisho'); // until `flush`
    });
  },
);
