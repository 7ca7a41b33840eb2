import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect } from 'vitest';

import { parseConfig } from '../../src/config/load.js';
import { mailMapAction } from '../../src/mta/map-lines.js';
import { sendmail as printer } from '../../src/mta/print/sendmail.js';
import { mailSettings } from '../../src/mta/settings.js';
import {
  CLIENTS,
  MAIL_LIST_NEEDS,
  MIXED_CONFIG,
  MailLists,
  SECRETS,
  rowByReplies,
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

  systemTest('the doctor has no complaint', NEEDS, async () => {
    const { host, configFolder } = site.sendmail;
    const file = join(configFolder, 'sendmail.cf');
    expect(await site.lists.complaints(host, 'sendmail', file)).toBe('0');
  });

  systemTest('does what the table says, and names no secret', NEEDS, async () => {
    const { row, said } = await rowByReplies(site.lists, site.client);
    expect(row).toEqual(mailRow('sendmail'));
    for (const secret of SECRETS) expect(said).not.toContain(secret);
  });
});

describe('a text with words of m4 and a parenthesis without its fellow', () => {
  const TEXT = 'DOMAIN include(x) dnl refused :) x';
  const loaded = parseConfig(MIXED_CONFIG + `mta: { texts: { reject: '${TEXT}' } }\n`, 'c.yaml');

  systemTest('comes through m4', SENDMAIL_NEEDS, async () => {
    const [features] = printer.print(mailSettings(loaded, { isDryRun: false }));
    const sendmail = await Sendmail.prepare(await Namespace.create(), { mc: features?.text ?? '' });
    const cf = readFileSync(join(sendmail.configFolder, 'sendmail.cf'), 'utf8');
    expect(cf).toContain(`R<?>127.0.0.2.\t$#error $@ 5.7.1 $: "550 5.7.1 ${TEXT}"\n`);
  });

  systemTest('comes through the access map', SENDMAIL_NEEDS, async () => {
    const network = await Namespace.create();
    await network.addAddresses(['203.0.113.7/32']);
    const action = mailMapAction('sendmail-access', 'reject', loaded.config.mta);
    const mc = "FEATURE(`delay_checks', `friend')dnl\n";
    await Sendmail.start(network, { mc, access: `Connect:203.0.113.7\t${action}\n` });
    const client = await SmtpClient.start(network);
    expect(await client.recipientReply({ from: '203.0.113.7' })).toBe(
      `550 5.7.1 <user@mx.test.example>... ${TEXT}`,
    );
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
