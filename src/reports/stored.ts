import * as z from 'zod';

import { tallyDaysSchema, tallySchema } from '../mta/milter/tally-file.js';

/* The files of `<state>/reports`. What is read again is checked again. */

const day = z.string().regex(/^\d{4}-\d\d-\d\d$/);
const time = z.iso.datetime();
const packets = z.int().min(0);

const row = z.object({
  rule: z.string(),
  list: z.string(),
  address: z.string().nullable(),
  packets,
  first: time,
  last: time,
});

/** One UTC day: what was denied on it. */
export const dayFile = z.object({
  format: z.literal(1),
  day,
  /** Id of the last collection that was added. */
  collection: z.string(),
  rows: z.array(row),
  /** What the milter counted. */
  milter: tallySchema.optional(),
});

/** A rule and a list, as the kernel counted them at the last collection. */
const countedGroup = z.object({
  rule: z.string(),
  list: z.string(),
  packets,
  /** Packets of addresses that were told before the counter had them. */
  ahead: packets,
  /** By address. */
  hits: z.record(z.string(), packets),
});

const keptTallies = z.object({ id: z.string(), days: tallyDaysSchema });

/** The last collection: what the next one subtracts, and what it added to the days. */
export const collectionFile = z.object({
  format: z.literal(1),
  id: z.string(),
  collectedAt: time,
  bootId: z.string().nullable(),
  groups: z.array(countedGroup),
  log: z.object({ at: time, lines: z.int().min(1) }).optional(),
  /** By day. A day whose file does not name this collection lacks them. */
  additions: z.record(day, z.array(row)),
  milter: z
    .object({
      /** What milters had counted, by service. */
      seen: z.object({ run: keptTallies.optional(), milter: keptTallies.optional() }),
      additions: tallyDaysSchema,
    })
    .optional(),
});

export type DayFile = z.output<typeof dayFile>;
export type CountedGroup = z.output<typeof countedGroup>;
export type Collection = z.output<typeof collectionFile>;
