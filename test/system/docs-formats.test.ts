import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect } from 'vitest';

import { formatSections, renderExample } from '../docs/formats-example.js';
import type { Block } from '../docs/markdown.js';
import { cleanUp, temporaryFolder } from '../helpers/cleanup.js';
import {
  IPTABLES_VARIANTS,
  type IptablesVariant,
  linkIptables,
  programsOf,
  variantOf,
} from '../helpers/iptables-variants.js';
import { Namespace } from '../helpers/namespace.js';
import { searchPath, systemTest } from '../helpers/programs.js';

/*
 * The commands of docs/formats.md, run as they stand there, in their order, each block by a
 * shell that ends at the first failure, beside the file that the section shows. Where a block
 * of what they print follows, they have to print that, and else nothing.
 */

/** The programs in the commands of a format that is not one of the two iptables. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  cidr: [],
  ranges: [],
  csv: [],
  json: [],
  nft: ['nft'],
  'nft-json': ['nft'],
  ipset: ['ipset'],
  iptables: [],
  ip6tables: [],
  rbldnsd: ['rbldnsd', 'dig'],
  bind: ['named-checkzone'],
  'postfix-cidr': ['postmap'],
  'sendmail-access': ['makemap'],
  tcprules: ['tcprules', 'tcprulescheck'],
  'nginx-geo': [],
  haproxy: [],
  mmdb: ['mmdblookup'],
};

for (const { format, blocks } of formatSections()) {
  const commands = commandsOf(blocks);
  if (commands.length === 0) continue;
  const usesIptables = commands.some(({ script }) => script.includes('tables'));
  const variants: readonly IptablesVariant[] = usesIptables ? IPTABLES_VARIANTS : ['nft'];
  describe.each(variants)(
    `commands of docs/formats.md, ${format.name}, iptables by %s`,
    (variant) => {
      const needs = [...(NEEDS[format.name] ?? ['a row in NEEDS']), 'namespace'];
      if (usesIptables) needs.push(...programsOf(variant));
      systemTest('do what the page says', needs, async () => {
        const network = await Namespace.create();
        cleanUp(() => network.endProcesses());
        const cwd = await temporaryFolder();
        if (usesIptables) await linkIptables(join(cwd, 'bin'), variant);
        const env = { PATH: `${join(cwd, 'bin')}:${searchPath}` };
        await writeFile(join(cwd, `sekisho.${format.extension}`), renderExample(format));
        for (const { script, output } of commands) {
          const result = await network.run('sh', ['-e', '-c', script], { cwd, env });
          expect(result, script).toMatchObject({ code: 0, stderr: '' });
          if (output !== undefined) expect(result.stdout).toBe(output);
        }
        if (format.name !== 'iptables') return;
        // the last block of this section removes one of the two lists
        const { stdout } = await network.run(variantOf('iptables-save', variant));
        expect(stdout.match(/^:sekisho-\S+/gm)).toEqual([':sekisho-jp']);
      });
    },
  );
}

/** The blocks of commands, each with what the block behind it says that it prints. */
function commandsOf(blocks: readonly Block[]) {
  return blocks.flatMap(({ language, text }, k) => {
    if (language !== 'sh') return [];
    const next = blocks[k + 1];
    return [{ script: text, output: next?.language === 'output' ? next.text : undefined }];
  });
}
