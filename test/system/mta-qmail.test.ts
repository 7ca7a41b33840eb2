import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect } from 'vitest';

import {
  CLIENTS,
  MAIL_LIST_NEEDS,
  MailLists,
  SECRETS,
  SPLIT_CONFIG,
  observedRow,
} from '../helpers/mail-lists.js';
import { mailRow } from '../helpers/mail-table.js';
import { Namespace } from '../helpers/namespace.js';
import { PackageHost } from '../helpers/package-host.js';
import { systemTest } from '../helpers/programs.js';
import { SmtpClient } from '../helpers/smtp.js';

const NEEDS = ['rblsmtpd', 'tcprules', ...MAIL_LIST_NEEDS];

/** Says yes to everything. */
const QMAIL_SMTPD = `#!/bin/sh
printf '220 mx.test.example ESMTP\\r\\n'
while read -r line; do
  case $line in
    [Qq]*) printf '221 bye\\r\\n'; exit ;;
    *) printf '250 ok\\r\\n' ;;
  esac
done
`;

/** The printed script on port 25, with tcpserver and rblsmtpd, before a qmail-smtpd of ours. */
async function startQmail(network: Namespace, script: string): Promise<PackageHost> {
  const host = await PackageHost.create(network, { packages: ['ucspi-tcp'], users: ['qmaild'] });
  const programs = join(host.folder, 'root', 'usr', 'bin');
  mkdirSync(programs, { recursive: true });
  writeFileSync(join(programs, 'qmail-smtpd'), QMAIL_SMTPD, { mode: 0o755 });
  const rules = join(host.folder, 'root', 'etc', 'tcp.smtp.cdb');
  await network.run('tcprules', [rules, `${rules}.tmp`], { input: ':allow\n' });
  writeFileSync(join(host.folder, 'run'), script);
  await host.start('sh', [join(host.folder, 'run')], {
    ready: async () => (await host.run('cat', ['/proc/net/tcp'])).stdout.includes(':0019 '),
  });
  return host;
}

describe('rblsmtpd with what is printed for qmail', () => {
  systemTest(
    'does what the table says, and names no secret',
    NEEDS,
    async () => {
      const network = await Namespace.create();
      const lists = await MailLists.start(network, SPLIT_CONFIG);
      const client = await SmtpClient.start(network);
      await startQmail(network, (await lists.print('qmail'))['run'] ?? '');

      const said: string[] = [];
      const ask = async (from: string, recipient = 'user@test.example'): Promise<string> => {
        const reply = await client.recipientReply({
          ...{ from, port: 25, recipients: [recipient] },
          // rblsmtpd asks a dead zone several times
          patienceMs: 60_000,
        });
        said.push(reply);
        return reply.slice(0, 3);
      };
      // tcpserver hears no IPv6: nobody is refused by a list there
      const row = mailRow('qmail rblsmtpd');
      expect(row.slice(5, 7)).toEqual(['–', '–']);
      const isIPv6 = (address: string): boolean => address.includes(':');
      const observed = await observedRow(lists, (from, recipient) =>
        isIPv6(from) ? Promise.resolve('–') : ask(from, recipient),
      );
      expect(observed).toEqual(row);
      expect(said).toContain('553 blocked by hand: 203.0.113.7');
      for (const secret of SECRETS) expect(said.join('\n')).not.toContain(secret);
      expect(await client.recipientReply({ from: CLIENTS.rejected6, port: 25 })).toBe('closed');
    },
    120_000,
  );
});
