import { join } from 'node:path';

import { beforeAll, describe, expect } from 'vitest';

import { CLIENTS, MAIL_LIST_NEEDS, MailLists, SECRETS } from '../helpers/mail-lists.js';
import { mailRow } from '../helpers/mail-table.js';
import { Namespace } from '../helpers/namespace.js';
import { missing, systemTest } from '../helpers/programs.js';
import { sekisho } from '../helpers/sekisho.js';
import { SPAMASSASSIN_NEEDS, SpamAssassin } from '../helpers/spamassassin.js';

const NEEDS = [...SPAMASSASSIN_NEEDS, ...MAIL_LIST_NEEDS];

const EXPORT = 'exports: [{ format: mmdb, file: countries.mmdb, lists: [korea] }]\n';

describe('SpamAssassin with what is printed for it', () => {
  let lists: MailLists;
  let spamassassin: SpamAssassin;

  beforeAll(async () => {
    if (missing(...NEEDS) !== undefined) return;
    const network = await Namespace.create();
    lists = await MailLists.start(network, undefined, EXPORT);
    const pieces = await lists.print('spamassassin');
    const config = join(lists.folder, 'sekisho.yaml');
    const made = await sekisho([
      'export',
      '--config',
      config,
      '--list',
      'korea',
      '--format',
      'mmdb',
      '--out',
      join(lists.folder, 'countries.mmdb'),
    ]);
    expect(made.stderr).toBe('');
    const header = 'add_header all Score _SCORE_\n';
    spamassassin = await SpamAssassin.create(network, { ...pieces, 'z.cf': header });
  });

  systemTest('spamassassin --lint takes it', NEEDS, async () => {
    const { code, stdout, stderr } = await spamassassin.lint();
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  systemTest('does what the table says, knows the country, names no secret', NEEDS, async () => {
    const { rejected, rejectedToo, deferred, approved, unlisted, rejected6, deferred6 } = CLIENTS;
    const from = [rejected, deferred, rejected, approved, unlisted, rejected6, deferred6];
    const results = await spamassassin.check(from);
    await lists.stop();
    const dead = await spamassassin.check([rejectedToo]);
    const scores = [...results, ...dead].map(({ score }) => score);
    expect(scores).toEqual(mailRow('SpamAssassin'));
    expect(results[0]?.text).toMatch(/^X-Spam-Relay-Country: KR$/m);
    expect(results[4]?.text).toMatch(/^X-Spam-Relay-Country: XX$/m);
    const said = results.map(({ text }) => text).join('\n');
    for (const secret of SECRETS) expect(said).not.toContain(secret);
  });
});
