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
import { POSTFIX_NEEDS, Postfix, type PostfixOptions } from '../helpers/postfix.js';
import { missing, systemTest } from '../helpers/programs.js';
import { SmtpClient } from '../helpers/smtp.js';

const NEEDS = [...POSTFIX_NEEDS, ...MAIL_LIST_NEEDS];

/** A DNSBL, a client, and a Postfix with the lines of `mta print`. */
class Site {
  readonly said: string[] = [];
  readonly lists: MailLists;
  readonly client: SmtpClient;
  readonly postfix: Postfix;

  private constructor(lists: MailLists, client: SmtpClient, postfix: Postfix) {
    this.lists = lists;
    this.client = client;
    this.postfix = postfix;
  }

  static async start(printed: readonly string[], optionsOf: OptionsOf): Promise<Site> {
    const network = await Namespace.create();
    const lists = await MailLists.start(network);
    const [client, pieces] = [await SmtpClient.start(network), await lists.print(...printed)];
    return new Site(lists, client, await Postfix.start(network, optionsOf(pieces)));
  }

  readonly ask = async (from: string, recipient = 'user@test.example'): Promise<string> => {
    const reply = await this.client.recipientReply({ from, recipients: [recipient] });
    this.said.push(reply);
    return reply.slice(0, 3);
  };
}

type OptionsOf = (pieces: Record<string, string>) => PostfixOptions;

const smtpd: OptionsOf = (pieces) => ({ main: pieces['sekisho-main.cf'] ?? '', files: pieces });

const postscreen: OptionsOf = (pieces) => ({
  main: `${pieces['sekisho-postscreen.cf']}postscreen_greet_wait = 1s\npostscreen_cache_map =\n`,
  // in place of the line with port 2525, which comes first
  master: `2525 inet n - n - 1 postscreen
smtpd pass - - n - - smtpd
dnsblog unix - - n - 0 dnsblog
tlsproxy unix - - n - 0 tlsproxy
`,
  files: pieces,
});

describe('Postfix smtpd with what is printed for it', () => {
  let site: Site;

  beforeAll(async () => {
    if (missing(...NEEDS) === undefined) site = await Site.start(['postfix'], smtpd);
  });

  systemTest('postconf and postfix check have no complaint', NEEDS, async () => {
    for (const words of [
      ['postconf', '-n'],
      ['postfix', 'check'],
    ]) {
      const [program = '', ...args] = words;
      const { code, stderr } = await site.postfix.run(program, args);
      // `postfix check` also looks for the instance that only an installed package has
      const complaints = stderr.split('\n').filter((line) => !line.includes('/etc/postfix/'));
      expect({ code, complaints }).toEqual({ code: 0, complaints: [''] });
    }
    const { stdout } = await site.postfix.run('postconf', ['-n']);
    expect(stdout).toContain('reject_rbl_client k3y-7f9a2c.bl.example.net=127.0.0.4');
    expect(site.postfix.log()).not.toMatch(/warning: (?!not owned|not set-gid)/);
  });

  systemTest('says why in words of its own', NEEDS, async () => {
    const { rejected, deferred, rejected6 } = CLIENTS;
    const reply = (from: string): Promise<string> => site.client.recipientReply({ from });
    expect(await reply(rejected)).toBe(
      '550 5.7.1 Not from you [203.0.113.7]; blocked by hand: 203.0.113.7 (sent spam)',
    );
    expect(await reply(deferred)).toBe(
      '450 4.7.1 Client [203.0.113.8] is deferred by local policy; try again later; country list: 203.0.113.8',
    );
    expect(await reply(rejected6)).toContain('550 5.7.1 Not from you [2001:db8:bad::7]');
    expect(
      await site.client.recipientReply({ from: rejected, recipients: ['postmaster'] }),
    ).toMatch(/^250 /);
  });

  systemTest('warns and takes the mail in a dry run', NEEDS, async () => {
    await site.postfix.reload(smtpd(await site.lists.print('postfix', '--warn-only')));
    expect(await site.ask(CLIENTS.rejected)).toBe('250');
    expect(await site.ask(CLIENTS.deferred)).toBe('250');
    expect(site.postfix.log()).toMatch(/reject_warning: RCPT .*\[203\.0\.113\.7\]: 550 5\.7\.1/);
    await site.postfix.reload(smtpd(await site.lists.print('postfix')));
  });

  systemTest('the doctor has no complaint', NEEDS, async () => {
    const { host, configFolder } = site.postfix;
    expect(await site.lists.complaints(host, 'postfix', configFolder)).toBe('0');
  });

  systemTest('does what the table says, and names no secret', NEEDS, async () => {
    expect(await observedRow(site.lists, site.ask)).toEqual(mailRow('Postfix smtpd'));
    for (const secret of SECRETS) expect(site.said.join('\n')).not.toContain(secret);
    expect(site.postfix.log()).toContain('RBL lookup error');
  });
});

describe('postscreen with what is printed for it', () => {
  systemTest('does what the table says, and names no secret', NEEDS, async () => {
    const site = await Site.start(['postscreen'], postscreen);
    const { code, stdout } = await site.postfix.run('postconf', ['-n']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^postscreen_dnsbl_action = enforce$/m);
    expect(stdout).toMatch(/^postscreen_dnsbl_reply_map = texthash:/m);

    expect(await observedRow(site.lists, site.ask)).toEqual(mailRow('postscreen'));
    expect(site.said).toContain(
      '550 5.7.1 Service unavailable; client [203.0.113.7] blocked using local policy',
    );
    for (const secret of SECRETS) expect(site.said.join('\n')).not.toContain(secret);
  });
});
