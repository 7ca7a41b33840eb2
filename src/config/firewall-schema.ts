import * as z from 'zod';

import { durationMs, listName } from './values.js';

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
      .describe(
        'in: who connects to us (also to ports that DNAT forwards). out: whom we connect to.',
      ),
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

/** The `firewall` part of the configuration. */
export const firewall = z
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
    forwarded: z
      .boolean()
      .default(false)
      .describe(
        'Let blocked and in rules also judge what this host routes on to others, such as guests ' +
          'with public addresses.',
      ),
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
