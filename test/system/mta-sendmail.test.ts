import { beforeAll, describe, expect } from 'vitest';

import {
  CLIENTS,
  MAIL_LIST_NEEDS,
  MailLists,
  SECRETS,
  observedRow,
} from '../helpers/mail-lists.js';
import { mailRow } from '../helpers/mail-table.js';
import { Namespace } from '../helpers/namespace.js';
import { missing, systemTest } from '../helpers/programs.js';
import { SENDMAIL_NEEDS, Sendmail } from '../helpers/sendmail.js';
import { SmtpClient } from '../helpers/smtp.js';

const NEEDS = [...SENDMAIL_NEEDS, ...MAIL_LIST_NEEDS];

async function startSite(...printed: string[]) {
  const network = await Namespace.create();
  const lists = await MailLists.start(network);
  const [client, pieces] = [
    await SmtpClient.start(network),
    await lists.print('sendmail', ...printed),
  ];
  const sendmail = await Sendmail.start(network, {
    mc: pieces['sekisho.mc'] ?? '',
    rules: pieces['sekisho-rules.mc'] ?? '',
    access: pieces['sekisho-access'] ?? '',
  });
  return { lists, client, sendmail };
}

describe('sendmail with what is printed for it', () => {
  let site: Awaited<ReturnType<typeof startSite>>;

  beforeAll(async () => {
    if (missing(...NEEDS) === undefined) site = await startSite();
  });

  systemTest('m4 and test mode take it', NEEDS, async () => {
    const { code, stdout, stderr } = await site.sendmail.test(
      '=SLocal_check_relay\n/map sekisho x\n',
    );
    expect(code).toBe(0);
    expect(stdout).toContain('wl . example . net');
    expect(`${stdout}${stderr}`).not.toMatch(/error|unknown|No such map/i);
  });

  systemTest('says why in words of its own', NEEDS, async () => {
    const { rejected, deferred } = CLIENTS;
    expect(await site.client.recipientReply({ from: rejected })).toBe(
      '550 5.7.1 <user@mx.test.example>... Not from you [203.0.113.7]',
    );
    expect(await site.client.recipientReply({ from: deferred })).toBe(
      '450 4.7.1 <user@mx.test.example>... Client [203.0.113.8] is deferred by local policy; try again later',
    );
  });

  systemTest('does what the table says, and names no secret', NEEDS, async () => {
    const said: string[] = [];
    const ask = async (from: string, recipient = 'user@test.example'): Promise<string> => {
      const reply = await site.client.recipientReply({ from, recipients: [recipient] });
      said.push(reply);
      return reply.slice(0, 3);
    };
    expect(await observedRow(site.lists, ask)).toEqual(mailRow('sendmail'));
    for (const secret of SECRETS) expect(said.join('\n')).not.toContain(secret);
  });
});

describe('sendmail, dry run', () => {
  systemTest('takes the mail', NEEDS, async () => {
    const { client, sendmail } = await startSite('--warn-only');
    const { stdout } = await sendmail.test('=SLocal_check_relay\n');
    expect(stdout).toContain('sekishoLog');
    for (const from of [CLIENTS.rejected, CLIENTS.deferred]) {
      expect(await client.recipientReply({ from })).toMatch(/^250 /);
    }
  });
});
