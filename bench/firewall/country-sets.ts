import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { PROGRAM } from '../paths.js';

/** A configuration whose one rule denies some countries, and the same sets as files for `nft -f`. */
export interface CountrySets {
  readonly configuration: string;
  readonly prefixFile: string;
  readonly rangeFile: string;
  readonly countries: readonly string[];
  readonly prefixes: number;
  readonly ranges: number;
}

interface CountryRow {
  readonly cc: string;
  readonly ranges4: number;
  readonly ranges6: number;
}

const FAMILIES = [
  { family: 4, type: 'ipv4_addr' },
  { family: 6, type: 'ipv6_addr' },
] as const;

/** Makes them for the `count` countries with the most ranges, each a list of its own. */
export function writeCountrySets(
  folder: string,
  paths: readonly string[],
  count: number,
): CountrySets {
  mkdirSync(folder, { recursive: true });
  const countries = largest(paths, count);
  const lists = countries.map((cc) => `  ${cc}: { countries: [${cc.toUpperCase()}] }\n`).join('');
  const rule = `{ name: a, tcp: [22], deny: [${countries.join(', ')}] }`;
  const configuration = join(folder, 'sekisho.yaml');
  writeFileSync(
    configuration,
    `state: state\nlists:\n${lists}firewall: { backend: nftables, rules: [${rule}] }\n`,
  );
  const [prefixes, ranges] = ['cidr', 'ranges'].map((format) =>
    writeScript(folder, paths, configuration, { format, countries }),
  );
  if (!prefixes || !ranges) throw new Error('a script for nft was not written');
  return {
    configuration,
    countries,
    prefixFile: prefixes.file,
    prefixes: prefixes.elements,
    rangeFile: ranges.file,
    ranges: ranges.elements,
  };
}

function largest(paths: readonly string[], count: number): string[] {
  const rows = JSON.parse(run('countries', '--json', '--from', ...paths)) as CountryRow[];
  const rangesOf = ({ ranges4, ranges6 }: CountryRow): number => ranges4 + ranges6;
  const sorted = rows.sort((a, b) => rangesOf(b) - rangesOf(a)).slice(0, count);
  return sorted.map(({ cc }) => cc.toLowerCase());
}

/** A table with a set for each country and family, in nft's own language. */
function writeScript(
  folder: string,
  paths: readonly string[],
  configuration: string,
  { format, countries }: { readonly format: string; readonly countries: readonly string[] },
): { file: string; elements: number } {
  const out = `${join(folder, format)}/`;
  mkdirSync(out);
  run('export', '--config', configuration, '--format', format, '--out', out, '--from', ...paths);
  const lines = ['table inet plain {'];
  let elements = 0;
  for (const cc of countries) {
    for (const { family, type } of FAMILIES) {
      const text = readFileSync(`${out}${cc}-ipv${family}.${format}`, 'utf8');
      const all = text.split('\n').filter((line) => line !== '');
      elements += all.length;
      const content = all.length > 0 ? `elements = { ${all.join(',\n')} };` : '';
      lines.push(`set ${cc}_v${family} { type ${type}; flags interval; ${content} }`);
    }
  }
  const file = join(folder, `${format}.nft`);
  writeFileSync(file, `${lines.join('\n')}\n}\n`);
  return { file, elements };
}

function run(...args: readonly string[]): string {
  return execFileSync(process.execPath, [PROGRAM, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
}
