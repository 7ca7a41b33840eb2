import { validate as isCronExpression } from 'node-cron';
import { z } from 'zod';

import { REGISTRY_NAMES } from './registry-names.js';

/*
 * The only place where an option exists. A description says what it does, in a sentence
 * that stands in the commented example and in docs/configuration.md.
 */

const DURATION_EXPECTED = 'a duration such as 30s, 5m or 12h, from 1s to 7d';
const DURATION = /^(\d+)(s|m|h|d)$/;
const DAY_MS = 86_400_000;
const UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS };

const durationMs = z
  .string({ error: DURATION_EXPECTED })
  .regex(DURATION, { error: DURATION_EXPECTED, abort: true })
  // a timer of Node.js runs out at once where it is set to more than 2^31 ms
  .refine((text) => msOf(text) >= 1000 && msOf(text) <= 7 * DAY_MS, { error: DURATION_EXPECTED })
  .transform(msOf);

function msOf(text: string): number {
  const [, count = '', unit = ''] = DURATION.exec(text) ?? [];
  return Number(count) * (UNIT_MS[unit] ?? 0);
}

const SIZE_EXPECTED = 'a size such as 64MiB, from 1KiB to 1GiB';
const SIZE = /^(\d+)(KiB|MiB|GiB)$/;
const UNIT_BYTES: Record<string, number> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

const sizeBytes = z
  .string({ error: SIZE_EXPECTED })
  .regex(SIZE, { error: SIZE_EXPECTED, abort: true })
  .refine((text) => bytesOf(text) >= 2 ** 10 && bytesOf(text) <= 2 ** 30, { error: SIZE_EXPECTED })
  .transform(bytesOf);

function bytesOf(text: string): number {
  const [, count = '', unit = ''] = SIZE.exec(text) ?? [];
  return Number(count) * (UNIT_BYTES[unit] ?? 0);
}

const SHARE_EXPECTED = 'a share such as 10%';
const PERCENT = /^(\d+(?:\.\d+)?)%$/;

const share = z
  .string({ error: SHARE_EXPECTED })
  .regex(PERCENT, { error: SHARE_EXPECTED })
  .transform((text) => Number(PERCENT.exec(text)?.[1]) / 100);

const httpUrl = z.url({ protocol: /^https?$/, error: 'an http or https URL' });

const path = z.string().min(1, { error: 'a path' });

/** Kernel objects and files are named after lists; 24 leaves room for what is put behind. */
export const LIST_NAME = /^[a-z][a-z0-9_]{0,23}$/;

const listName = z.string().regex(LIST_NAME, {
  error: 'a name of at most 24 lower-case letters, digits and _, starting with a letter',
});

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
    url: httpUrl.optional().describe('The same, downloaded.'),
    lists: z.array(listName).min(1).optional().describe('Other lists, joined.'),
    and: z.array(listName).default([]).describe('Keep only what is in each of these lists too.'),
    except: z.array(listName).default([]).describe('Leave out what is in any of these lists.'),
  })
  .check((context) => {
    const { countries, file, url, lists } = context.value;
    const kinds = [countries, file, url, lists].filter((kind) => kind !== undefined);
    if (kinds.length === 1) return;
    context.issues.push({
      code: 'custom',
      input: context.value,
      message: 'exactly one of countries, file, url and lists',
    });
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

/** A port or a range of ports, as `22` or `6000-6010`. */
const ports = z
  .array(
    z.union([
      z.int().min(1).max(65535),
      z
        .string()
        .regex(/^\d{1,5}-\d{1,5}$/, { error: 'a port such as 22, or a range such as 6000-6010' }),
    ]),
  )
  .min(1, { error: 'at least one port' })
  .or(z.literal('all'));

const ruleName = z.string().regex(/^[a-z][a-z0-9_]{0,15}$/, {
  error: 'a name of at most 16 lower-case letters, digits and _, starting with a letter',
});

const mode = z.enum(['enforce', 'observe']);

const rule = z
  .strictObject({
    name: ruleName.describe('Stands in counters, logs and reports.'),
    tcp: ports.optional().describe('TCP ports, or all.'),
    udp: ports.optional().describe('UDP ports, or all.'),
    icmp: z.boolean().default(false).describe('Judge ICMP requests (echo and the like) too.'),
    deny: z.array(listName).min(1).optional().describe('Deny who is in any of these lists.'),
    only: z.array(listName).min(1).optional().describe('Deny who is in none of these lists.'),
    except: z.array(listName).default([]).describe('Never deny who is in any of these lists.'),
    direction: z
      .enum(['in', 'out'])
      .default('in')
      .describe('in: who connects to us (also to forwarded ports). out: whom we connect to.'),
    interfaces: z
      .array(z.string().regex(/^[A-Za-z0-9_.@:-]{1,15}$/, { error: 'the name of an interface' }))
      .default([])
      .describe('Only packets of these interfaces; all where none is named.'),
    action: z
      .enum(['drop', 'reject'])
      .default('drop')
      .describe('drop: no answer. reject: TCP reset, or ICMP unreachable.'),
    log: z
      .boolean()
      .default(false)
      .describe('Write what is denied to the kernel log, five lines a minute at most.'),
    mode: mode.optional().describe('Overrides the mode of the whole firewall.'),
    private: z
      .boolean()
      .default(false)
      .describe('With only: judge private addresses too, which otherwise always pass.'),
    empty: z
      .literal('deny')
      .optional()
      .describe('With only: deny everybody of a family in which the lists are empty.'),
  })
  .check((context) => {
    const { deny, only } = context.value;
    if ((deny === undefined) !== (only === undefined)) return;
    context.issues.push({ code: 'custom', input: context.value, message: 'one of deny and only' });
  });

const firewall = z
  .strictObject({
    backend: z
      .enum(['auto', 'nftables', 'ipset', 'iptables'])
      .default('auto')
      .describe('What enforces; auto takes the best that works.'),
    mode: mode
      .default('enforce')
      .describe('With observe, what would be denied is counted, and passes.'),
    admins: z
      .array(z.string())
      .default([])
      .describe('Addresses and prefixes that are never denied, whatever else is said.'),
    allow: z.array(listName).default([]).describe('Lists that pass before every deny.'),
    blocked: z
      .array(listName)
      .optional()
      .meta({
        description:
          'Hand-made lists that are denied on all ports at once, running connections included; ' +
          'the list named blocked where there is one.',
        examples: [['blocked']],
      }),
    hits: z
      .strictObject({
        size: z.int().min(1).max(1_000_000).default(65_535).describe('Addresses a set remembers.'),
        timeout: durationMs.prefault('1d').describe('How long an address is remembered.'),
      })
      .prefault({})
      .describe('What is remembered of who was denied (nftables).'),
    rules: z
      .array(rule)
      .default([])
      .meta({
        description: 'Judged in order. A rule only denies; who passes goes on to the next one.',
        examples: [
          [
            { name: 'ssh', tcp: [22], only: ['home'] },
            { name: 'submission', tcp: [465, 587], deny: ['asia'] },
          ],
        ],
      }),
  })
  .describe('What the kernel denies.');

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

export type Config = z.output<typeof configSchema>;
export type ListDefinition = Config['lists'][string];
export type ExportRule = Config['exports'][number];
export type FirewallConfig = NonNullable<Config['firewall']>;
export type FirewallRule = FirewallConfig['rules'][number];
