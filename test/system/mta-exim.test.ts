import { join } from 'node:path';

import { beforeAll, describe, expect } from 'vitest';

import { EXIM_NEEDS, Exim } from '../helpers/exim.js';
import {
  CLIENTS,
  MAIL_LIST_NEEDS,
  MailLists,
  SECRETS,
  rowByReplies,
} from '../helpers/mail-lists.js';
import { mailRow } from '../helpers/mail-table.js';
import { Namespace } from '../helpers/namespace.js';
import { missing, systemTest } from '../helpers/programs.js';
import { SmtpClient } from '../helpers/smtp.js';

const NEEDS = [...EXIM_NEEDS, ...MAIL_LIST_NEEDS];

async function startSite(...printed: string[]) {
  const network = await Namespace.create();
  const lists = await MailLists.start(network);
  const client = await SmtpClient.start(network);
  const pieces = await lists.print('exim', ...printed);
  return { lists, client, exim: await Exim.start(network, pieces['sekisho-rcpt.acl'] ?? '') };
}

describe('Exim with what is printed for it', () => {
  let site: Awaited<ReturnType<typeof startSite>>;

  beforeAll(async () => {
    if (missing(...NEEDS) === undefined) site = await startSite();
  });

  systemTest('exim -bV takes it, and -bhc asks the zones', NEEDS, async () => {
    expect(await site.exim.run(['-bV'])).toMatchObject({ code: 0, stderr: '' });
    const session = ['EHLO c.example', 'MAIL FROM:<a@s.example>', 'RCPT TO:<user@test.example>'];
    const input = [...session, 'QUIT', ''].join('\r\n');
    const { stdout } = await site.exim.run(['-bhc', CLIENTS.rejected], input);
    expect(stdout).toMatch(/^550.5\.7\.1 Not from you \[203\.0\.113\.7\]/m);
  });

  systemTest('says why in words of its own', NEEDS, async () => {
    const reply = await site.client.recipientReply({ from: CLIENTS.rejected });
    // Exim breaks a long reply into lines
    expect(reply.replace('\n550 5.7.1', '').replace('550-', '550 ')).toBe(
      '550 5.7.1 Not from you [203.0.113.7]; blocked by hand: 203.0.113.7 (sent spam)',
    );
  });

  systemTest('the doctor has no complaint, nor of an approved test entry', NEEDS, async () => {
    const { host } = site.exim;
    const file = join(host.folder, 'exim.conf');
    expect(await site.lists.complaints(host, 'exim', file)).toBe('0');
  });

  systemTest('does what the table says, and names no secret', NEEDS, async () => {
    const { row, said } = await rowByReplies(site.lists, site.client);
    expect(row).toEqual(mailRow('Exim'));
    for (const secret of SECRETS) expect(said).not.toContain(secret);
  });
});

describe('Exim, dry run', () => {
  systemTest('logs and takes the mail', NEEDS, async () => {
    const { client, exim } = await startSite('--warn-only');
    for (const from of [CLIENTS.rejected, CLIENTS.deferred]) {
      expect(await client.recipientReply({ from })).toMatch(/^250 /);
    }
    const log = await exim.host.run('cat', [`${exim.host.folder}/spool/mainlog`]);
    expect(log.stdout).toMatch(/\[203\.0\.113\.7\].*sekisho would reject: Not from you/);
  });
});
