import { SystemError } from '../../../util/errors.js';
import { findProgram } from '../../../util/programs.js';
import { runProgram } from '../../../util/run-program.js';
import { finding } from '../finding.js';
import type { LookOptions, MailServer } from './mail-server.js';
import { rblUses } from './rspamd-rbls.js';

const ORIGIN = 'the Debian package rspamd';

/** rspamd, by its own reading of its configuration (`rspamadm configdump`). */
export const rspamd: MailServer = {
  name: 'rspamd',
  hasFilters: true,
  filtered(zone, codes) {
    const list = codes.map((code) => `"${code}"`).join(', ');
    return `in local.d/rbl.conf, for ${zone}: unknown = false; returncodes { SYMBOL = [${list}]; }`;
  },
  async look(options) {
    if (findProgram('rspamadm') === undefined) return undefined;
    const { file = '/etc/rspamd/rspamd.conf' } = options;
    const [version, dump] = await Promise.all([
      rspamadm(['--version'], options),
      rspamadm(['configdump', '-c', file, '--compact', 'rbl'], options),
    ]);
    const uses = rblUses(dump);
    const isAsked = options.zones.some(({ hosts }) =>
      uses.some(({ host }) => hosts.includes(host)),
    );
    const WHAT = 'what rspamd does with a listed client';
    return {
      title: `rspamd ${/\d[\w.]*/.exec(version)?.[0] ?? 'of an unknown version'}`,
      place: file,
      uses,
      outcomes: [],
      findings: isAsked
        ? [finding('not-checked', { WHAT, REASON: 'its score depends on the message' })]
        : [],
    };
  },
};

async function rspamadm(words: readonly string[], { timeoutMs }: LookOptions): Promise<string> {
  const { code, stdout, stderr } = await runProgram('rspamadm', words, {
    origin: ORIGIN,
    timeoutMs,
  });
  if (code !== 0) throw new SystemError(`rspamadm ${words.join(' ')}: ${stderr.trim()}`);
  return stdout;
}
