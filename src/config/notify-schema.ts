import * as z from 'zod';

import { endpoint } from './network-values.js';
import { durationMs, path, share } from './values.js';

const MAIL_ADDRESS_EXPECTED = 'a mail address such as root@example.net, or a local name';

/** Plain enough to stand in a header as it is, and in no way read as anything else there. */
const mailAddress = z
  .string({ error: MAIL_ADDRESS_EXPECTED })
  .max(254, { error: MAIL_ADDRESS_EXPECTED })
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._+=-]{0,63}(@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*)?$/,
    { error: MAIL_ADDRESS_EXPECTED },
  );

/** The `notify` part of the configuration. */
export const notify = z
  .strictObject({
    command: z
      .array(z.string())
      .min(1, { error: 'a program, and its arguments' })
      .optional()
      .meta({
        description:
          'Program and arguments, run without a shell; it reads what there is to tell as JSON.',
        examples: [['/usr/local/sbin/tell-the-team', '--from-sekisho']],
      }),
    command_timeout: durationMs
      .prefault('30s')
      .describe('The program is killed after this, and whatever takes mail given up.'),
    mail: z
      .strictObject({
        to: z
          .array(mailAddress)
          .min(1, { error: 'at least one address' })
          .meta({ description: 'Who gets it.', examples: [['root']] }),
        from: mailAddress.optional().meta({
          description: 'Sender; where left out, `sekisho` at the name of the host.',
          examples: ['sekisho@example.net'],
        }),
        server: endpoint(25)
          .prefault('127.0.0.1:25')
          .describe('Mail server that is given the message by SMTP, without a password.'),
        sendmail: path.optional().meta({
          description:
            'Program that is given it instead (-t -i); one that is setgid, as that of Postfix, ' +
            'does not work in the hardened services.',
          examples: ['/usr/sbin/sendmail'],
        }),
      })
      .optional()
      .describe('Mail through the local mail server.'),
    repeat: durationMs.prefault('1d').describe('What lasts is told again after this.'),
    patience: durationMs
      .prefault('1d')
      .describe('How long updates may succeed in part only (exit code 3) before that is told.'),
    change: share
      .prefault('20%')
      .describe(
        'A list whose addresses changed by more than this share in one update is told; of lists ' +
          'from countries, feeds and other lists.',
      ),
  })
  .describe(
    'Who is told of failed updates, repaired drift, stale data and lists that changed much.',
  );
