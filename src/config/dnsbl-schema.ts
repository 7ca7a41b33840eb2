import * as z from 'zod';

import { parseIPv4 } from '../ip/address.js';
import { domainName, endpoint } from './network-values.js';
import { ageMs, durationMs, listName, mailAction, path, share } from './values.js';

const CODE_EXPECTED = 'a return code such as 127.0.0.2';

const returnCode = z
  .string({ error: CODE_EXPECTED })
  .refine((text) => parseIPv4(text) !== undefined, { error: CODE_EXPECTED, abort: true })
  .refine((text) => !text.startsWith('127.255.255.'), {
    error:
      'a code outside of 127.255.255.0/24, which public lists use for errors (clients without a filter would take it for a listing)',
  });

/** rbldnsd cuts a text at 254 bytes, and so do we. */
const text = z.string().refine((value) => Buffer.byteLength(value) <= 254, {
  error: 'a text of at most 254 bytes',
});

const zoneList = z.strictObject({
  code: returnCode.describe('The A record that lists an address.'),
  text: text
    .optional()
    .describe(
      'The TXT record: $ the address, $cc its country, $prefix the listed prefix that holds it, $list, ' +
        '$reason the entry’s; $$ is a dollar sign.',
    ),
  action: mailAction
    .optional()
    .describe('What mail servers do with a listed client, where not as lists.<name>.action says.'),
});

const DATASET_EXPECTED = 'a dataset as rbldnsd takes it: TYPE:FILE or TYPE:FILE,FILE';

const zone = z
  .strictObject({
    name: domainName.describe('Name of the zone.'),
    kind: z
      .enum(['list', 'country', 'origin', 'rbldnsd'])
      .default('list')
      .describe(
        'list: addresses of lists. country: any address answers its country. origin: the TXT ' +
          'that rspamd reads. rbldnsd: files in its formats.',
      ),
    lists: z
      .record(listName, zoneList)
      .default({})
      .describe('Lists and what they answer; an address in several answers with each.'),
    allow: z.array(listName).default([]).describe('Lists whose addresses are never listed.'),
    approved: z
      .boolean()
      .default(false)
      .describe('Whom this zone lists, mail servers let pass before they ask other zones.'),
    codes: z
      .record(returnCode, mailAction)
      .optional()
      .describe('Kind rbldnsd: return codes, and what mail servers do on each.'),
    datasets: z
      .array(z.string().regex(/^[a-z0-9]+:.+$/, { error: DATASET_EXPECTED }))
      .default([])
      .describe('Kind rbldnsd: its files, such as ip4set:lists/spam.txt.'),
    keys: z
      .array(
        z
          .string()
          .regex(/^[A-Za-z0-9]([A-Za-z0-9-]{6,61}[A-Za-z0-9])$/, {
            error: 'a key of 8 to 63 letters, digits and -',
          })
          .transform((key) => key.toLowerCase()),
      )
      .min(1, { error: 'at least one key' })
      .optional()
      .describe('The zone answers only below one of these labels (KEY.bl.example.net).'),
    any_code: z
      .boolean()
      .default(false)
      .describe('Allow return codes outside of 127.0.0.0/8, which mail servers do not expect.'),
    ttl: durationMs.prefault('60s').describe('How long others may keep an answer.'),
    negative_ttl: durationMs
      .prefault('5s')
      .describe('How long others may keep that an address is not listed.'),
    primary: domainName.prefault('localhost').describe('First name server, for the SOA record.'),
    contact: domainName
      .prefault('root.localhost')
      .describe('Mail address for the SOA record, with a dot for its @.'),
    name_servers: z
      .array(domainName)
      .min(1)
      .max(32)
      .prefault(['localhost'])
      .describe('Names for the NS records.'),
  })
  .check((context) => {
    const { kind, lists, datasets, allow, any_code, approved, codes } = context.value;
    const fault = (path: string, message: string): void => {
      context.issues.push({ code: 'custom', input: context.value, path: [path], message });
    };
    if (kind === 'list' && Object.keys(lists).length === 0) fault('lists', 'at least one list');
    if (kind !== 'list' && Object.keys(lists).length > 0) fault('lists', `none with kind ${kind}`);
    if (kind !== 'list' && allow.length > 0) fault('allow', `none with kind ${kind}`);
    if (kind === 'rbldnsd' && datasets.length === 0) fault('datasets', 'at least one dataset');
    if (kind !== 'rbldnsd' && datasets.length > 0) fault('datasets', `none with kind ${kind}`);
    if (kind !== 'rbldnsd' && codes) fault('codes', `none with kind ${kind}`);
    if (approved && (kind === 'country' || kind === 'origin')) {
      fault('approved', `false with kind ${kind}, which answers for every address`);
    }
    for (const [name, { code }] of Object.entries(lists)) {
      if (any_code || code.startsWith('127.')) continue;
      context.issues.push({
        code: 'custom',
        input: context.value,
        path: ['lists', name, 'code'],
        message: 'a code in 127.0.0.0/8, or any_code: true for this zone',
      });
    }
  });

const clientPrefix = z.string().min(1, { error: 'a prefix such as 192.0.2.0/24, or any' });

/** The `dnsbl` part of the configuration. */
export const dnsbl = z
  .strictObject({
    listen: z
      .array(endpoint(53))
      .min(1, { error: 'at least one address' })
      .prefault(['127.0.0.1:5300'])
      .describe('Addresses and ports, for UDP and TCP.'),
    user: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: 'Become this user once the ports are bound.',
        examples: ['nobody'],
      }),
    transport: z
      .enum(['auto', 'batch', 'dgram'])
      .default('auto')
      .describe('How UDP is read: many messages a system call (Linux, koffi), or one.'),
    workers: z
      .int()
      .min(1)
      .max(16)
      .default(1)
      .describe('Threads that answer UDP where it is read in batches.'),
    access: z
      .array(clientPrefix)
      .min(1)
      .default([
        '127.0.0.0/8',
        '::1',
        '10.0.0.0/8',
        '172.16.0.0/12',
        '192.168.0.0/16',
        '169.254.0.0/16',
        'fc00::/7',
        'fe80::/10',
      ])
      .describe('Who may ask; everybody with any, within rate_limit.'),
    rate_limit: z
      .strictObject({
        responses_per_second: z
          .int()
          .min(1)
          .max(1_000_000)
          .default(50)
          .describe('UDP answers a second for a network of clients.'),
        slip: z
          .int()
          .min(0)
          .max(10)
          .default(2)
          .describe('Every so many beyond that are sent cut, so that a real client asks by TCP.'),
        ipv4_prefix: z.int().min(8).max(32).default(24).describe('Size of a network.'),
        ipv6_prefix: z.int().min(32).max(128).default(56).describe('The same for IPv6.'),
      })
      .prefault({})
      .describe('Limits clients that access lets in by any; never loopback or who is named there.'),
    tcp: z
      .strictObject({
        connections: z.int().min(1).max(65_535).default(256).describe('At a time.'),
        idle_timeout: durationMs.prefault('10s').describe('Silence after which one is closed.'),
      })
      .prefault({})
      .describe('Limits of TCP.'),
    transfer: z
      .array(clientPrefix)
      .default([])
      .describe('Who may transfer zones (AXFR), as prefixes; nobody where empty.'),
    notify: z
      .array(endpoint(53))
      .prefault([])
      .describe('Secondary servers that are told (NOTIFY) when a zone has changed.'),
    query_log: z
      .strictObject({
        which: z.enum(['none', 'listed', 'all']).default('none').describe('Which questions.'),
        sample: share.prefault('100%').describe('Share of them that is written.'),
        file: path.optional().meta({
          description: 'File; standard error where none is named.',
          examples: ['/var/log/sekisho-queries.log'],
        }),
      })
      .prefault({})
      .describe('Log of questions and answers.'),
    max_age: ageMs
      .prefault('7d')
      .describe('Registry data older than this is stale, and warned of.'),
    stale: z.enum(['serve', 'servfail']).default('serve').describe('What zones of stale data do.'),
    zones: z
      .array(zone)
      .min(1, { error: 'at least one zone' })
      .meta({
        description: 'Zones, each with its name.',
        examples: [
          [
            {
              name: 'bl.example.net',
              lists: {
                blocked: { code: '127.0.0.2', text: 'blocked by hand: $ ($reason)' },
                asia: { code: '127.0.0.4', text: 'country list: $ ($cc)' },
              },
            },
            { name: 'cc.example.net', kind: 'country' },
          ],
        ],
      }),
  })
  .describe('DNS zones that mail servers ask.');
