import { createRequire } from 'node:module';

import type * as nodeCron from 'node-cron';
import * as z from 'zod';

import './interpreted.js';

import { dnsbl } from './dnsbl-schema.js';
import { feedOptions, feeds, findFeedOptionFault } from './feed-schema.js';
import { firewall } from './firewall-schema.js';
import { log } from './log-schema.js';
import { metrics } from './metrics-schema.js';
import { milter } from './milter-schema.js';
import { notify } from './notify-schema.js';
import { mta } from './mta-schema.js';
import { REGISTRY_NAMES } from './registry-names.js';
import { run } from './run-schema.js';
import { durationMs, httpUrl, listName, mailAction, path, share, sizeBytes } from './values.js';

/*
 * The only place where an option exists, with the *-schema.ts files beside it for the parts that
 * have one each. A description says what it does, in a sentence
 * that stands in the commented example and in docs/configuration.md.
 */

const sources = z
  .strictObject({
    registries: z
      .array(z.enum(REGISTRY_NAMES))
      .min(1, { error: 'at least one registry' })
      .default([...REGISTRY_NAMES])
      .describe('Registries to read. A country is spread over all five, so leave none out.'),
    urls: z
      .partialRecord(z.enum(REGISTRY_NAMES), z.array(httpUrl).min(1))
      .default({})
      .describe('Addresses to try in order instead of the built-in ones (your own mirror).'),
    csv: z
      .array(path)
      .default([])
      .describe(
        'Country CSV files (DB-IP Lite, or the GeoLite2 network and location files) to use ' +
          'instead of the registries.',
      ),
    fall: share
      .prefault('10%')
      .describe('A file is refused where a country in use would lose more than this share.'),
    rise: share
      .prefault('25%')
      .describe('A file is refused where a country in use would gain more than this share.'),
    connect_timeout: durationMs.prefault('10s').describe('Longest wait for a connection.'),
    idle_timeout: durationMs.prefault('30s').describe('Longest silence within a download.'),
    total_timeout: durationMs.prefault('10m').describe('Longest time for one file.'),
    tries: z
      .int()
      .min(1)
      .max(10)
      .default(3)
      .describe('Tries for each address before the next mirror is asked.'),
    max_size: sizeBytes.prefault('64MiB').describe('Largest file that is taken, unpacked.'),
  })
  .prefault({})
  .describe("Where the countries' addresses come from.");

const list = z
  .strictObject({
    countries: z
      .array(z.string())
      .min(1, { error: 'at least one country code' })
      .optional()
      .describe(
        'ISO 3166-1 codes (KR, CN, …), continents (asia, europe, …) or registries (apnic, …).',
      ),
    file: path.optional().describe('A file with an address, prefix or range a line.'),
    url: httpUrl.optional().describe('The same, downloaded; docs/feeds.md.'),
    lists: z.array(listName).min(1).optional().describe('Other lists, joined.'),
    and: z.array(listName).default([]).describe('Keep only what is in each of these lists too.'),
    except: z.array(listName).default([]).describe('Leave out what is in any of these lists.'),
    action: mailAction
      .default('reject')
      .describe('What mail servers do with a client in it: reject (550) or tempfail (450).'),
    ...feedOptions,
  })
  .check((context) => {
    const input = context.value;
    const { countries, file, url, lists } = input;
    const kinds = [countries, file, url, lists].filter((kind) => kind !== undefined);
    if (kinds.length !== 1) {
      const message = 'exactly one of countries, file, url and lists';
      context.issues.push({ code: 'custom', input, message });
    }
    const fault = findFeedOptionFault(input);
    if (fault === undefined) return;
    const { key, expected } = fault;
    context.issues.push({ code: 'custom', input, path: [key], message: expected });
  });

const exportRule = z.strictObject({
  format: z.string().describe('Name of a format; `sekisho export --help` shows them.'),
  file: path.describe('File to write; {list} in it stands for the name, one file a list.'),
  lists: z
    .array(listName)
    .min(1, { error: 'at least one list' })
    .optional()
    .describe('Lists to write; all where not given.'),
  family: z
    .union([z.literal(4), z.literal(6)], { error: '4 or 6' })
    .optional()
    .describe('Only IPv4 (4) or IPv6 (6).'),
  action: z.string().optional().describe('What stands behind an address, where the format has it.'),
});

export const configSchema = z.strictObject({
  state: path
    .default('/var/lib/sekisho')
    .describe('Folder for the last good files; made where it is missing.'),
  sources,
  lists: z
    .record(listName, list)
    .default({})
    .meta({
      description: 'Named sets of addresses: name and where they come from.',
      examples: [
        {
          asia: { countries: ['KR', 'CN', 'TW', 'HK'], except: ['trusted'] },
          home: { countries: ['JP'] },
          trusted: { file: 'lists/trusted.txt' },
          blocked: { file: 'lists/blocked.txt' },
        },
      ],
    }),
  feeds,
  exports: z
    .array(exportRule)
    .default([])
    .meta({
      description: 'Files that `sekisho update` writes.',
      examples: [
        [
          { format: 'nft', file: 'out/sekisho.nft' },
          { format: 'rbldnsd', file: 'out/{list}.rbldnsd', lists: ['asia', 'blocked'] },
        ],
      ],
    }),
  firewall: firewall.optional(),
  dnsbl: dnsbl.optional(),
  milter: milter.optional(),
  notify: notify.optional(),
  metrics: metrics.optional(),
  run,
  log,
  mta: mta.prefault({}),
  report: z
    .strictObject({
      keep_days: z
        .int()
        .min(1)
        .max(3650)
        .default(30)
        .describe('Days for which it is kept what was denied, today included.'),
    })
    .prefault({})
    .describe('What `sekisho report` tells.'),
  limits: z
    .strictObject({
      block: z
        .int()
        .min(0)
        .max(32)
        .default(16)
        .describe('Prefix length of the largest IPv4 network that `block` takes without --force.'),
      block6: z.int().min(0).max(128).default(32).describe('The same for IPv6.'),
    })
    .prefault({})
    .describe('What is refused lest a slip of the hand does harm.'),
  max_lines: z.int().min(1).default(500_000).describe('A file of more lines than this is refused.'),
  schedule: z
    .string()
    // node-cron also takes a field for seconds, which cron does not
    .refine((text) => isCronExpression(text) && text.trim().split(/\s+/).length === 5, {
      error: 'a cron expression of five fields such as "17 4 * * *"',
    })
    .optional()
    .meta({
      description:
        'When to update: minute, hour, day, month, weekday; `config example` makes a line for ' +
        'cron of it.',
      examples: ['17 4 * * *'],
    }),
});

/** The package is loaded where there is a schedule to check: most runs of most commands have none. */
function isCronExpression(text: string): boolean {
  const { parse, validate } = createRequire(import.meta.url)('node-cron') as typeof nodeCron;
  if (!validate(text)) return false;
  // L, W and # are not cron's: a line for cron is made of the same text
  const { dayOfMonth, dayOfWeek } = parse(text);
  return [...dayOfMonth, ...dayOfWeek].every((day) => typeof day === 'number');
}

export type Config = z.output<typeof configSchema>;
export type ListDefinition = Config['lists'][string];
export type ExportRule = Config['exports'][number];
export type FirewallConfig = NonNullable<Config['firewall']>;
export type DnsblConfig = NonNullable<Config['dnsbl']>;
export type MilterConfig = NonNullable<Config['milter']>;
export type NotifyConfig = NonNullable<Config['notify']>;
export type ZoneConfig = DnsblConfig['zones'][number];
export type MtaConfig = Config['mta'];
export type MailMapRule = MtaConfig['maps'][number];
export type FirewallRule = FirewallConfig['rules'][number];
