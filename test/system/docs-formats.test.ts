import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect } from 'vitest';

import { formatSections, renderExample } from '../docs/formats-example.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { Namespace } from '../helpers/namespace.js';
import { findProgram, searchPath, systemTest } from '../helpers/programs.js';

/*
 * The commands of docs/formats.md, run as they stand there, in their order, each block by a
 * shell that ends at the first failure. They take one of the two iptables for theirs.
 */

const SUFFIXES = ['', '-save', '-restore'];
const IPTABLES = ['iptables', 'ip6tables'].flatMap((name) => SUFFIXES.map((end) => name + end));

describe.each(['nft', 'legacy'])('commands of docs/formats.md, with iptables by %s', (variant) => {
  for (const { format, commands } of formatSections()) {
    if (commands.length === 0) continue;
    const programs = IPTABLES.map((name) => variantOf(name, variant));
    const needs = [...programs, 'nft', 'ipset', 'namespace'];
    systemTest(`those of ${format.name} work`, needs, async () => {
      const network = await Namespace.create();
      const cwd = await temporaryFolder();
      const env = { PATH: `${await binFolder(cwd, variant)}:${searchPath}` };
      await writeFile(join(cwd, `sekisho.${format.extension}`), renderExample(format));
      for (const block of commands) {
        const result = await network.run('sh', ['-e', '-c', block], { cwd, env });
        expect(result, block).toMatchObject({ code: 0, stderr: '' });
      }
      if (format.name !== 'iptables') return;
      // the last block of this section removes one of the two lists
      const { stdout } = await network.run(variantOf('iptables-save', variant));
      expect(stdout.match(/^:sekisho-\S+/gm)).toEqual([':sekisho-jp']);
    });
  }
});

/** A folder in which `iptables` and its like are those of the variant. */
async function binFolder(folder: string, variant: string): Promise<string> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const name of IPTABLES) {
    await symlink(String(findProgram(variantOf(name, variant))), join(bin, name));
  }
  return bin;
}

function variantOf(name: string, variant: string): string {
  return name.replace('tables', `tables-${variant}`);
}
