import { exim } from './print/exim.js';
import { postfix } from './print/postfix.js';
import { postscreen } from './print/postscreen.js';
import { qmail } from './print/qmail.js';
import { rspamd } from './print/rspamd.js';
import { sendmail } from './print/sendmail.js';
import { spamassassin } from './print/spamassassin.js';
import type { ConfigurationPrinter } from './printed-file.js';

/** Every mail server and filter that a configuration is printed for. */
export const PRINTERS: readonly ConfigurationPrinter[] = [
  postfix,
  postscreen,
  sendmail,
  qmail,
  exim,
  rspamd,
  spamassassin,
];

export function findPrinter(name: string): ConfigurationPrinter | undefined {
  return PRINTERS.find((printer) => printer.name === name);
}
