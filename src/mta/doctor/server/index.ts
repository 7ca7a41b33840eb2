import { exim } from './exim.js';
import type { MailServer } from './mail-server.js';
import { postfix } from './postfix.js';
import { qmail } from './qmail.js';
import { rspamd } from './rspamd.js';
import { sendmail } from './sendmail.js';
import { spamassassin } from './spamassassin.js';

/** Every mail server and filter that the doctor looks at. */
export const MAIL_SERVERS: readonly MailServer[] = [
  postfix,
  sendmail,
  qmail,
  exim,
  rspamd,
  spamassassin,
];
