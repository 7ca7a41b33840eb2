import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { expect, test } from 'vitest';

import { type SmtpLetter, sendBySmtp } from '../../src/jobs/notify/send-by-smtp.js';
import { mailText } from '../../src/jobs/notify/mail.js';
import { cleanUp } from '../helpers/cleanup.js';
import { SmtpSink } from '../helpers/smtp-sink.js';

const TO = ['root', 'admin@example.net'];
const FROM = 'sekisho@host.example';
const TEXT = mailText(
  { subject: 'the update failed', text: '.a line with a dot\nend', timeMs: 0 },
  { to: TO, from: FROM, host: 'host.example', id: '1' },
);

function letter(port: number): SmtpLetter {
  const server = { address: '127.0.0.1', port };
  return { server, from: FROM, to: TO, text: TEXT, host: 'host.example', timeoutMs: 3000 };
}

test('a message arrives as it was written, with its envelope', async () => {
  const sink = await SmtpSink.start();
  expect(await sendBySmtp(letter(sink.port))).toBeUndefined();
  expect(sink.commands.slice(0, 5)).toEqual([
    'EHLO host.example',
    'MAIL FROM:<sekisho@host.example>',
    'RCPT TO:<root>',
    'RCPT TO:<admin@example.net>',
    'DATA',
  ]);
  expect(sink.messages.map((text) => text.trimEnd())).toEqual([TEXT.trimEnd()]);
});

test('recipients that are refused are named', async () => {
  const some = await SmtpSink.start(['root']);
  expect(await sendBySmtp(letter(some.port))).toMatch(/did not take root$/);
  expect(some.messages).toHaveLength(1);
  const all = await SmtpSink.start(TO);
  expect(await sendBySmtp(letter(all.port))).toMatch(/cannot be given the message: .*550 no/);
});

test('a server that is away, and one that says nothing, are named', async () => {
  const silent = createServer();
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  cleanUp(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const fault = await sendBySmtp({ ...letter(port), timeoutMs: 300 });
  expect(fault).toMatch(new RegExp(`at 127.0.0.1:${port} cannot be given the message: `));
  expect(await sendBySmtp(letter(1))).toMatch(/127\.0\.0\.1:1 cannot be given .*ECONNREFUSED/);
});
