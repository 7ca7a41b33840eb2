import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { FirewallNetwork, LISTS, PEERS, type Wish } from '../helpers/firewall-network.js';
import { VARIANTS, needsOf } from '../helpers/firewall-variants.js';
import { linkIptables, programsOf } from '../helpers/iptables-variants.js';
import { nftablesService } from '../helpers/nftables-service.js';
import { searchPath, systemTest } from '../helpers/programs.js';
import { run } from '../helpers/run.js';

/*
 * What comes back without Node.js, at boot or after `flush ruleset`.
 */

const BOOT = fileURLToPath(new URL('../../scripts/boot/', import.meta.url));
const LOAD = join(BOOT, 'load-firewall');

const CLEAN = { present: true, rules: [], lists: [] };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A wish whose entries end an hour, three hours and ninety days after a time, or never. */
function wishAt(timeMs: number): Wish {
  const until = (addresses: readonly string[], afterMs: number): string[] =>
    addresses.map((text) => `${text} until=${secondText(timeMs + afterMs)}Z`);
  return {
    firewall: {
      rules: [
        { name: 'mail', tcp: [25, 465], deny: ['asia'], action: 'reject' },
        { name: 'ssh', tcp: [22], only: ['home'] },
      ],
    },
    lists: {
      ...LISTS,
      blocked: [
        ...until(PEERS.unlisted, HOUR_MS),
        ...until(PEERS.office, 3 * HOUR_MS),
        ...until(PEERS.trusted, 90 * DAY_MS),
        ...PEERS.blocked,
      ],
    },
  };
}

function secondText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 19);
}

/** Makes what was written look as if it had been written so much earlier. */
async function letPass(folder: string, passedMs: number): Promise<void> {
  const seconds = passedMs / 1000;
  let edited = 0;
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name), 'utf8');
    const earlier = text
      .replaceAll(/("until":|# until=)(\d+)/g, (_, key: string, end: string) => {
        return `${key}${Number(end) - seconds}`;
      })
      .replaceAll(/(--datestop )(\S+)/g, (_, key: string, end: string) => {
        return key + secondText(Date.parse(`${end}Z`) - passedMs);
      });
    if (earlier !== text) edited += 1;
    await writeFile(join(folder, name), earlier);
  }
  expect(edited).toBeGreaterThan(0);
}

/** Leaves a set as a larger list would, and what a load that was cut off leaves. */
async function leaveOtherLimits({ server }: FirewallNetwork): Promise<void> {
  const input = [
    'create sekisho-new.0 hash:net maxelem 1',
    'create x hash:net maxelem 131072',
    'swap x sekisho-asia_v4',
    'destroy x',
    '',
  ].join('\n');
  const { code, stderr } = await server.run('ipset', ['restore'], { input });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { stdout } = await server.run('ipset', ['list', '-t', 'sekisho-asia_v4']);
  expect(stdout).toContain('maxelem 131072');
}

describe.each(VARIANTS)('boot of $backend, $iptables$elements', (variant) => {
  const { iptables = 'nft', elements } = variant;
  const needs = [...needsOf(variant), ...(elements === undefined ? programsOf(iptables) : [])];

  systemTest('loads everything, once or again, with what is left of each time', needs, async () => {
    const network = await FirewallNetwork.create(variant);
    const folder = await temporaryFolder();
    const bin = await temporaryFolder();
    if (elements === undefined) await linkIptables(join(bin, 'bin'), iptables);
    const env = { PATH: `${join(bin, 'bin')}:${searchPath}` };
    const load = async (): Promise<{ code: number; stderr: string }> => {
      const { code, stderr } = await network.server.run('sh', [LOAD, folder], { env });
      return { code, stderr: stderr.replaceAll(/^#.*\n/gm, '') };
    };
    const startMs = Math.floor(Date.now() / 1000) * 1000;
    await network.apply(wishAt(startMs));
    expect(await network.tcp('unlisted', 80)).toBe('dropped');
    await network.writeBootFiles(wishAt(startMs), folder);

    const passedMs = 2 * HOUR_MS;
    const later = wishAt(startMs - passedMs);
    await letPass(folder, passedMs);
    // after another's lists and rules, after Debian's stock configuration, over what stands
    await network.apply({ firewall: { rules: [] }, lists: { ...LISTS, blocked: [] } });
    for (const before of ['other rules', 'flush ruleset', 'nothing of ours', 'itself']) {
      if (before === 'flush ruleset') await network.server.run('nft', ['flush', 'ruleset']);
      if (before === 'nothing of ours') await network.flush();
      if (before === 'itself' && variant.backend === 'ipset') await leaveOtherLimits(network);
      expect(await load(), before).toEqual({ code: 0, stderr: '' });
      const told = await network.compare(later);
      // sets of lists that the other rules knew stay, since nothing is destroyed here
      expect(told, before).toEqual(CLEAN);
    }
    expect(await network.tcp('denied', 25)).toBe('refused');
    expect(await network.tcp('unlisted', 80)).toBe('open');
    expect(await network.tcp('office', 80)).toBe('dropped');
    expect(await network.tcp('blocked', 80)).toBe('dropped');

    // a roll-back reads the same files
    await network.flush();
    await network.loadBoot(folder);
    expect(await network.compare(later)).toEqual(CLEAN);
  });
});

systemTest('the units are what systemd takes', ['systemd-analyze'], async () => {
  const folder = await temporaryFolder();
  const state = '/srv/a state';
  const nothing = '/bin/true';
  await mkdir(join(folder, 'nftables.service.d'));
  const filled = async (name: string): Promise<string> =>
    (await readFile(join(BOOT, name), 'utf8'))
      .replaceAll('@STATE@', state)
      .replaceAll('@LOAD@', '/usr/lib/sekisho/load-firewall');
  const unit = join(folder, 'sekisho-firewall.service');
  await writeFile(
    join(folder, 'nftables.service'),
    nftablesService({ start: nothing, reload: nothing, stop: nothing }),
  );
  await writeFile(unit, await filled('sekisho-firewall.service'));
  const dropIn = await filled('nftables-sekisho.conf');
  await writeFile(join(folder, 'nftables.service.d', 'sekisho.conf'), dropIn);
  const verify = async (): Promise<string> => {
    const args = ['verify', '--man=no', join(folder, 'nftables.service'), unit];
    const env = { SYSTEMD_UNIT_PATH: `${folder}:` };
    const { code, stdout, stderr } = await run('systemd-analyze', args, { env });
    const about = `${stdout}${stderr}`.split('\n').filter((line) => /sekisho|nftables/.test(line));
    return [...about, `code ${code}`].join('\n');
  };
  expect(await verify()).toBe('code 0');
  // and it would say what it does not take
  await writeFile(unit, (await filled('sekisho-firewall.service')).replace('oneshot', 'never'));
  expect(await verify()).toMatch(/sekisho-firewall\.service.*never/);
});
