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
import { RSPAMD_NEEDS, Rspamd } from '../helpers/rspamd.js';

const NEEDS = [...RSPAMD_NEEDS, ...MAIL_LIST_NEEDS];

describe('rspamd with what is printed for it', () => {
  let lists: MailLists;
  let rspamd: Rspamd;

  beforeAll(async () => {
    if (missing(...NEEDS) !== undefined) return;
    const network = await Namespace.create();
    lists = await MailLists.start(network);
    rspamd = await Rspamd.start(network, await lists.print('rspamd'));
  });

  systemTest('rspamadm configtest takes it', NEEDS, async () => {
    expect(await rspamd.configTest()).toMatch(/^0 .*syntax OK/s);
  });

  systemTest('gives symbols, scores and a text of its own', NEEDS, async () => {
    const rejected = await rspamd.check(CLIENTS.rejected);
    expect(rejected.symbols['SEKISHO_REJECT']).toMatchObject({ score: 8 });
    expect(rejected.messages).toMatchObject({ smtp_message: 'Not from you' });
    const deferred = await rspamd.check(CLIENTS.deferred);
    expect(deferred.symbols['SEKISHO_TEMPFAIL']).toMatchObject({ score: 4 });
    const approved = await rspamd.check(CLIENTS.approved);
    expect(approved.symbols['SEKISHO_APPROVED']).toMatchObject({ score: -8 });
    expect(approved.symbols['SEKISHO_REJECT']).toMatchObject({ score: 8 });
  });

  systemTest('judges who sent to a known host', NEEDS, async () => {
    const received = `Received: from c.example (c.example [${CLIENTS.rejected}])\r\n\tby gw.test.example with ESMTP id 1; Sun, 22 Nov 2026 01:00:00 +0000\r\n`;
    const { action } = await rspamd.check(CLIENTS.gateway, 'user@test.example', received);
    expect(action).toBe('reject');
  });

  systemTest('does what the table says, and names no secret', NEEDS, async () => {
    const said: string[] = [];
    const row = await observedRow(lists, async (from, recipient) => {
      const verdict = await rspamd.check(from, recipient);
      said.push(JSON.stringify(verdict));
      return verdict.action;
    });
    expect(row).toEqual(mailRow('rspamd'));
    for (const secret of SECRETS) expect(said.join('\n')).not.toContain(secret);
  });
});
