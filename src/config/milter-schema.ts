import * as z from 'zod';

import { endpoint } from './network-values.js';
import { durationMs, listName, mailAction, path, sizeBytes } from './values.js';

const LISTEN_EXPECTED = 'an address and port such as 127.0.0.1:9900, or unix:PATH';
const inet = endpoint(9900);

/** Where mail servers connect to: an address and port, or a socket of the file system. */
export type MilterListen =
  { readonly address: string; readonly port: number } | { readonly path: string };

const listen = z
  .string({ error: LISTEN_EXPECTED })
  .refine((text) => readListen(text) !== undefined, { error: LISTEN_EXPECTED, abort: true })
  .transform((text): MilterListen => readListen(text) as MilterListen);

function readListen(text: string): MilterListen | undefined {
  if (text.startsWith('unix:')) return text.length > 5 ? { path: text.slice(5) } : undefined;
  const read = inet.safeParse(text);
  return read.success ? read.data : undefined;
}

const CODE_EXPECTED = 'an SMTP code such as "550" or "550 5.7.1"';
const replyCode = z
  .string({ error: CODE_EXPECTED })
  .regex(/^([45])\d\d( \1\.\d{1,3}\.\d{1,3})?$/, { error: CODE_EXPECTED });

const TEXT_EXPECTED = 'a text of at most 400 bytes of ASCII, in one line';
const replyText = z
  .string({ error: TEXT_EXPECTED })
  .regex(/^[\x20-\x7e]{1,400}$/, { error: TEXT_EXPECTED });

const check = z.enum(['reject', 'tempfail', 'off']);

const milterList = z.strictObject({
  action: mailAction.optional().describe('Where another than lists.<name>.action.'),
  code: replyCode
    .optional()
    .describe('Code of the reply, where not 550 5.7.1 (reject) or 450 4.7.1 (tempfail).'),
  text: replyText
    .optional()
    .describe(
      'Text of the reply: $ the address, $cc its country, $list, $reason the entry’s; $$ is a dollar sign.',
    ),
});

const texts = z
  .strictObject({
    reject: replyText
      .default('Service unavailable; client [$] is refused by local policy')
      .describe('Lists that refuse for good.'),
    tempfail: replyText
      .default('Service unavailable for now; client [$] is deferred by local policy')
      .describe('Lists that refuse for now.'),
    no_dot: replyText
      .default('Malformed HELO: no domain name, no dot')
      .describe('HELO without a dot; $helo is the name.'),
    own: replyText
      .default('Malformed HELO: that is the name or address of this host')
      .describe('HELO that claims to be this host.'),
  })
  .prefault({})
  .describe('Texts of replies.');

/** The `milter` part of the configuration. */
export const milter = z
  .strictObject({
    listen: z
      .array(listen)
      .min(1, { error: 'at least one address' })
      .prefault(['127.0.0.1:9900'])
      .describe('Where mail servers connect to: ADDRESS:PORT, or unix:PATH.'),
    socket_mode: z
      .string()
      .regex(/^0?[0-7]{3}$/, { error: 'permissions such as "0660"' })
      .default('0660')
      .describe('Permissions of sockets that are files.'),
    socket_group: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Their group, by name.', examples: ['postfix'] }),
    user: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: 'Become this user once the sockets are there.',
        examples: ['nobody'],
      }),
    lists: z
      .record(listName, milterList)
      .default({})
      .meta({
        description: 'Lists whose addresses are refused. Permanent ones are asked first.',
        examples: [
          {
            blocked: { text: 'Blocked by hand: [$]' },
            asia: { action: 'tempfail' },
          },
        ],
      }),
    allow: z.array(listName).default([]).describe('Lists whose addresses are never refused.'),
    known: z
      .array(z.string().min(1))
      .optional()
      .meta({
        description:
          'Own gateways, as prefixes, where others than mta.known_hosts: the address judged is ' +
          'the first in the Received headers that is not known.',
        examples: [['198.51.100.0/24']],
      }),
    refuse_behind_known: z
      .boolean()
      .default(false)
      .describe(
        'Refuse mail that a known host took already, instead of a header only; the known host ' +
          'then sends bounces to senders that are mostly forged.',
      ),
    exempt: z
      .array(z.string().min(1))
      .default(['postmaster', 'abuse'])
      .describe('Recipients that get all mail: local parts, addresses or domains.'),
    helo: z
      .strictObject({
        no_dot: check.default('reject').describe('A HELO name without a dot.'),
        own: check
          .default('tempfail')
          .describe('A HELO name that claims to be this host, by name or address.'),
        names: z
          .array(z.string().min(1))
          .default([])
          .describe('Further names of this host; its own and the mail server’s are known.'),
        addresses: z
          .array(z.string().min(1))
          .default([])
          .describe(
            'Further addresses of this host, as prefixes; those of its interfaces are known.',
          ),
      })
      .prefault({})
      .describe('Checks of HELO; never of private, known, allowed or authenticated clients.'),
    rules: path.optional().meta({
      description: 'Rule file in the manner of milter-regex.',
      examples: ['milter-rules.conf'],
    }),
    submission: z
      .boolean()
      .default(false)
      .describe('Judge clients of the submission ports (587, 465), too.'),
    header: z
      .boolean()
      .default(true)
      .describe('Add an X-Sekisho header with country and verdict to what strangers send.'),
    observe: z.boolean().default(false).describe('Dry run: refuse nothing; header and log only.'),
    fail: z
      .enum(['accept', 'tempfail'])
      .default('accept')
      .describe('What becomes of mail where something fails inside.'),
    texts,
    limits: z
      .strictObject({
        connections: z.int().min(1).max(65_535).default(1000).describe('At a time.'),
        packet: sizeBytes.prefault('1MiB').describe('Longest packet.'),
        waiting: sizeBytes
          .prefault('64MiB')
          .describe('Parts of packets that are kept until the rest comes, of all connections.'),
        session: sizeBytes.prefault('1GiB').describe('Bytes of one connection.'),
        idle_timeout: durationMs
          .prefault('2h')
          .describe('Silence of a mail server after which its connection is closed.'),
        packet_timeout: durationMs
          .prefault('30s')
          .describe('Time for the first packet, and for the rest of one that has begun.'),
      })
      .prefault({})
      .describe('What mail servers may use up.'),
  })
  .describe('The milter: judges mail for Postfix and sendmail.');
