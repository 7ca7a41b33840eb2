import { existsSync } from 'node:fs';

import { FAMILIES, type Family } from '../../ip/family.js';
import { SystemError } from '../../util/errors.js';
import { findProgram } from '../../util/programs.js';
import { type RunResult, runProgram } from '../../util/run-program.js';
import { type Tables, readSaved } from './table.js';

/** The two implementations that a host may have. */
export const VARIANTS = ['nft', 'legacy'] as const;
export type Variant = (typeof VARIANTS)[number];

const ORIGIN = 'the Debian package iptables';
/** A chain of a hundred thousand rules takes iptables-nft a good while. */
const TIMEOUT_MS = 600_000;
/** How long to wait for another program that holds the lock of legacy iptables. */
const LOCK_SECONDS = '30';

/** The families that this host speaks; IPv6 may be switched off as a whole. */
export function hostFamilies(): readonly Family[] {
  return existsSync('/proc/net/if_inet6') ? FAMILIES : [4];
}

/** Runs iptables-save and iptables-restore of each family. */
export class IptablesPrograms {
  readonly #variants: readonly string[];

  /** @param variant which implementation; left out, the one that the host uses */
  constructor(variant?: Variant) {
    // without suffix it is what the administrator chose (update-alternatives)
    this.#variants = variant ? [`-${variant}`] : ['', '-nft', '-legacy'];
  }

  /** Why rules cannot be loaded here; undefined where they can. Loads nothing. */
  async findObstacle(): Promise<string | undefined> {
    for (const family of hostFamilies()) {
      const base = this.#findBase(family);
      const also = family === 6 ? ', and this host has IPv6' : '';
      if (base === undefined) return `the program ${missingName(family)} is missing${also}`;
      const { code, stderr } = await this.#restore(family, PROBE[family], ['--test']);
      if (code !== 0) return `${base}-restore does not work${also}: ${reason(stderr)}`;
      const saved = await this.#run(`${base}-save`, ['-t', 'mangle']);
      if (saved.code !== 0) return `${base}-save does not work${also}: ${reason(saved.stderr)}`;
    }
    return undefined;
  }

  /** Whether the programs are there for every family that the host speaks. */
  get isInstalled(): boolean {
    return hostFamilies().every((family) => this.#findBase(family) !== undefined);
  }

  /** Which implementation these programs are; undefined where they are missing or do not tell. */
  async findVariant(): Promise<Variant | undefined> {
    const base = this.#findBase(4);
    if (base === undefined) return undefined;
    const { stdout } = await this.#run(`${base}-restore`, ['--version']);
    if (stdout.includes('(nf_tables)')) return 'nft';
    return stdout.includes('(legacy)') ? 'legacy' : undefined;
  }

  /** What stands of ours. @throws SystemError */
  async read(family: Family): Promise<Tables> {
    const program = `${this.#base(family)}-save`;
    const { code, stdout, stderr } = await this.#run(program, ['-c']);
    if (code === 0) return readSaved(stdout);
    throw new SystemError(`${program} cannot list rules: ${reason(stderr)}`);
  }

  /** What stands of ours in every family that the host speaks. @throws SystemError */
  async readAll(): Promise<{ family: Family; tables: Tables }[]> {
    return Promise.all(
      hostFamilies().map(async (family) => ({ family, tables: await this.read(family) })),
    );
  }

  /**
   * Loads a restore file beside what stands; each table in it is one commit. No text, no work.
   *
   * @throws SystemError; tables before the one that failed are changed then
   */
  async load(family: Family, text: string): Promise<void> {
    if (text === '') return;
    const { code, stderr } = await this.#restore(family, text, []);
    if (code === 0) return;
    throw new SystemError(`${this.#base(family)}-restore refused: ${reason(stderr, text)}`);
  }

  #restore(family: Family, input: string, more: readonly string[]): Promise<RunResult> {
    const args = ['-w', LOCK_SECONDS, '--noflush', ...more];
    return this.#run(`${this.#base(family)}-restore`, args, input);
  }

  #run(program: string, args: readonly string[], input = ''): Promise<RunResult> {
    return runProgram(program, args, { input, origin: ORIGIN, timeoutMs: TIMEOUT_MS });
  }

  /** `iptables`, `iptables-nft` and so on. */
  #base(family: Family): string {
    const base = this.#findBase(family);
    if (base !== undefined) return base;
    throw new SystemError(`the program ${missingName(family)} is missing; install ${ORIGIN}`);
  }

  #findBase(family: Family): string | undefined {
    return this.#variants
      .map((variant) => `${programName(family)}${variant}`)
      .find((base) => findProgram(`${base}-restore`) && findProgram(`${base}-save`));
  }
}

function programName(family: Family): string {
  return family === 4 ? 'iptables' : 'ip6tables';
}

function missingName(family: Family): string {
  return `${programName(family)}-restore`;
}

/** Asks for every match and target that we use; nothing leads there, and --test loads nothing. */
const PROBE: Readonly<Record<Family, string>> = {
  4: probe('icmp-admin-prohibited'),
  6: probe('icmp6-adm-prohibited'),
};

function probe(rejectWith: string): string {
  return [
    '*filter',
    ':SEKISHO-PROBE - [0:0]',
    `-A SEKISHO-PROBE -m mark --mark 0x1/0x1 -j REJECT --reject-with ${rejectWith}`,
    'COMMIT',
    '*mangle',
    ':SEKISHO-PROBE - [0:0]',
    '-A SEKISHO-PROBE -m conntrack --ctdir ORIGINAL -m comment --comment probe -j RETURN',
    '-A SEKISHO-PROBE -m addrtype --dst-type LOCAL -j RETURN',
    '-A SEKISHO-PROBE -p tcp -m multiport --dports 1,2 -j MARK --set-xmark 0x1/0x1',
    '-A SEKISHO-PROBE -m limit --limit 5/min -j LOG --log-prefix "probe: "',
    'COMMIT',
    '',
  ].join('\n');
}

/** The first line that says something, with a hint where the kernel's word is cryptic. */
export function reason(stderr: string, input = ''): string {
  const text = stderr
    .split('\n')
    .filter((line) => !/^\s*(#|Try `|Error occurred)/.test(line))
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const where = /(?:Error occurred at )?line:? (\d+)/i.exec(stderr)?.[1];
  const rule = where === undefined ? undefined : input.split('\n')[Number(where) - 1];
  const said = rule === undefined || rule === 'COMMIT' ? text : `${text} (in: ${rule})`;
  if (/you must be root|Permission denied|Operation not permitted/i.test(stderr)) {
    return `${said}; run as root (CAP_NET_ADMIN)`;
  }
  if (/do you need to insmod|Table does not exist/.test(stderr)) {
    return `${said}; load the kernel's module (modprobe iptable_mangle ip6table_mangle)`;
  }
  const [, match] = /Extension ([a-z]\w*) revision \d+ not supported/.exec(stderr) ?? [];
  if (match !== undefined) {
    const need = match === 'time' ? ', which entries that end (until=) need with this backend' : '';
    return `${said}; load the kernel's module (modprobe xt_${match})${need}`;
  }
  if (/No chain\/target\/match by that name|Extension .* missing|not supported/i.test(stderr)) {
    return `${said}; the kernel may lack a module (xt_set, xt_conntrack, xt_addrtype, xt_multiport, xt_time, xt_LOG …)`;
  }
  if (/Too many links/.test(stderr)) {
    return (
      `${said}; nf_tables allows 16 chains one behind the other, and a list of this size needs ` +
      'more: use ipset or nftables, iptables-legacy, or smaller lists'
    );
  }
  if (/Message too long|No buffer space|No space left|Cannot allocate/i.test(stderr)) {
    return `${said}; that is more than iptables takes at once: use ipset or nftables, or smaller lists`;
  }
  return said === '' ? 'it said nothing' : said;
}
