import { beforeAll, describe, expect } from 'vitest';

import { Namespace } from '../helpers/namespace.js';
import { POSTFIX_NEEDS, Postfix } from '../helpers/postfix.js';
import { missing, systemTest } from '../helpers/programs.js';
import { SENDMAIL_NEEDS, Sendmail } from '../helpers/sendmail.js';
import { SmtpClient } from '../helpers/smtp.js';

const CLIENT = '203.0.113.7';

describe('Postfix from its unpacked package', () => {
  let postfix: Postfix;
  let client: SmtpClient;

  beforeAll(async () => {
    if (missing(...POSTFIX_NEEDS) !== undefined) return;
    const network = await Namespace.create();
    await network.addAddresses([CLIENT, '2001:db8::7']);
    client = await SmtpClient.start(network);
    postfix = await Postfix.start(network, {
      main: 'smtpd_client_restrictions = check_client_access cidr:$config_directory/clients\n',
      files: { clients: '2001:db8::7 550 5.7.1 not you\n' },
    });
  });

  systemTest('takes a message, refuses a client by a table, reloads', POSTFIX_NEEDS, async () => {
    const message = 'Subject: hello\r\n\r\nHello.';
    const taken = await client.session({ from: CLIENT, message });
    expect(taken.banner).toMatch(/^220 mx\.test\.example ESMTP/);
    expect(taken.recipients).toEqual(['250 2.1.5 Ok']);
    expect(taken.data).toMatch(/^250 2\.0\.0 Ok: queued/);
    expect(await client.recipientReply({ from: '2001:db8::7' })).toMatch(/^550 5\.7\.1 .*not you/);

    await postfix.reload({ main: 'smtpd_client_restrictions =\n' });
    expect(await client.recipientReply({ from: '2001:db8::7' })).toBe('250 2.1.5 Ok');
  });
});

describe('sendmail from its unpacked package', () => {
  let client: SmtpClient;

  beforeAll(async () => {
    if (missing(...SENDMAIL_NEEDS) !== undefined) return;
    const network = await Namespace.create();
    await network.addAddresses([CLIENT, '2001:db8::7']);
    client = await SmtpClient.start(network);
    await Sendmail.start(network, { access: 'Connect:IPv6:2001:db8:0:0\t550 5.7.1 not you\n' });
  });

  systemTest('takes a message, refuses a client by its access map', SENDMAIL_NEEDS, async () => {
    const message = 'Subject: hello\r\n\r\nHello.';
    const taken = await client.session({ from: CLIENT, message });
    expect(taken.banner).toMatch(/^220 mx\.test\.example ESMTP/);
    expect(taken.recipients).toEqual([
      '250 2.1.5 <user@mx.test.example>... Recipient ok (will queue)',
    ]);
    expect(taken.data).toMatch(/^250 2\.0\.0 \S+ Message accepted/);
    expect(await client.recipientReply({ from: '2001:db8::7' })).toBe('550 5.7.1 not you');
  });
});
