import type { MailAction } from '../../config/values.js';

/** Names of what rspamd and SpamAssassin find. */
export const SYMBOLS: Readonly<Record<MailAction | 'approved', string>> = {
  reject: 'SEKISHO_REJECT',
  tempfail: 'SEKISHO_TEMPFAIL',
  approved: 'SEKISHO_APPROVED',
};
