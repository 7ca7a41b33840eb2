import * as z from 'zod';

import { domainName, endpoint } from './network-values.js';
import { listName, path } from './values.js';

/**
 * A text that every mail server's configuration can hold as it is: none of them quotes alike, and
 * sendmail's m4 splits at a comma.
 */
const replyText = z
  .string()
  .max(200, { error: 'a text of at most 200 characters' })
  .regex(/^(?=\S)(?:[A-Za-z0-9 .;:()[\]/@_+=-]|\$address)*(?<=\S)$/, {
    error: 'letters, digits, spaces and . ; : ( ) [ ] / @ _ + = - only, and $address',
  });

const RECIPIENT_EXPECTED = 'a local part such as postmaster, or an address';

const recipient = z
  .string({ error: RECIPIENT_EXPECTED })
  // a + at the beginning means a named list to Exim
  .regex(/^[A-Za-z0-9._-][A-Za-z0-9._+-]*(?:@[A-Za-z0-9.-]+)?$/, { error: RECIPIENT_EXPECTED })
  .transform((text) => text.toLowerCase());

const score = z.number().min(0).max(100);

const map = z
  .strictObject({
    kind: z
      .enum(['postfix-cidr', 'sendmail-access', 'tcprules'])
      .describe('Whose map: a table for Postfix, for makemap, or for tcprules.'),
    file: path.describe('File to write; makemap adds .db to its name, tcprules .cdb.'),
    lists: z
      .array(listName)
      .min(1, { error: 'at least one list' })
      .optional()
      .describe('Lists to refuse, each with its action; those of the DNS zones where left out.'),
    approved: z
      .array(listName)
      .optional()
      .describe('Lists that pass; those of approved zones where left out.'),
    own: path
      .optional()
      .describe('A file of your own lines, which go into the same map and win over ours.'),
    then: z
      .array(z.string().min(1))
      .min(1, { error: 'a program, then its arguments' })
      .optional()
      .meta({
        description: 'Program and arguments to run once the map has changed.',
        examples: [['postfix', 'reload']],
      }),
  })
  .check((context) => {
    const { kind, own } = context.value;
    if (kind !== 'postfix-cidr' || own === undefined) return;
    context.issues.push({
      code: 'custom',
      input: own,
      path: ['own'],
      message: 'none with kind postfix-cidr, since Postfix takes several tables in a row',
    });
  });

/** The `mta` part of the configuration. */
export const mta = z
  .strictObject({
    host_name: domainName.optional().meta({
      description: 'Name of the mail server; of this host where left out.',
      examples: ['mx.example.net'],
    }),
    domains: z
      .array(domainName)
      .prefault([])
      .describe('Domains that it takes mail for, beside its own name.'),
    exempt: z
      .array(recipient)
      .prefault(['postmaster', 'abuse'])
      .describe('Recipients whose mail is never refused: local parts, or whole addresses.'),
    known_hosts: z
      .array(z.string())
      .default([])
      .describe(
        'Gateways in front of this server, as prefixes: who sent to them is judged, by the milter too.',
      ),
    name_server: endpoint(53)
      .optional()
      .meta({
        description:
          'Who is asked about the zones, by programs that can name one; else the system’s resolver.',
        examples: ['127.0.0.1:5300'],
      }),
    texts: z
      .strictObject({
        reject: replyText
          .default('Client [$address] is refused by local policy')
          .describe('What a client is told that is refused for good; $address is its own.'),
        tempfail: replyText
          .default('Client [$address] is deferred by local policy; try again later')
          .describe('What one is told that may try again.'),
      })
      .prefault({})
      .describe('Replies to clients.'),
    reasons: z
      .boolean()
      .default(true)
      .describe('Whether the TXT record of the zone goes behind the text.'),
    scores: z
      .strictObject({
        reject: score.default(8).describe('For a client that a list would refuse for good.'),
        tempfail: score.default(4).describe('For one that would be deferred.'),
        approved: score.default(8).describe('Taken off for one in an approved zone.'),
      })
      .prefault({})
      .describe('What rspamd and SpamAssassin add up.'),
    country_database: path.optional().meta({
      description: 'MMDB file for SpamAssassin; that of exports where left out.',
      examples: ['/var/lib/sekisho/countries.mmdb'],
    }),
    maps: z
      .array(map)
      .default([])
      .meta({
        description: 'Map files for mail servers without a DNSBL, which `update` keeps.',
        examples: [
          [
            { kind: 'postfix-cidr', file: '/etc/postfix/sekisho-clients.cidr' },
            { kind: 'sendmail-access', file: '/etc/mail/sekisho', own: '/etc/mail/access' },
          ],
        ],
      }),
  })
  .describe('The mail server: what `sekisho mta print` and `update` write for it.');
