import * as z from 'zod';

import { timeMs } from '../util/time-units.js';
import { LIST_NAME } from './list-name.js';

/*
 * Kinds of values that options take, each with the words for what is expected.
 */

const DURATION = /^(\d+)(s|m|h|d)$/;

/** Of a timer: those of Node.js run out at once where they are set to more than 2^31 ms. */
export const durationMs = durationUpTo('7d');

/** Of data, which no timer counts. */
export const ageMs = durationUpTo('3650d');

function durationUpTo(longest: string) {
  const error = `a duration such as 30s, 5m or 12h, from 1s to ${longest}`;
  return z
    .string({ error })
    .regex(DURATION, { error, abort: true })
    .refine((text) => msOf(text) >= 1000 && msOf(text) <= msOf(longest), { error })
    .transform(msOf);
}

function msOf(text: string): number {
  return timeMs(text) ?? 0;
}

const SIZE_EXPECTED = 'a size such as 64MiB, from 1KiB to 1GiB';
const SIZE = /^(\d+)(KiB|MiB|GiB)$/;
const UNIT_BYTES: Record<string, number> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

export const sizeBytes = z
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

export const share = z
  .string({ error: SHARE_EXPECTED })
  .regex(PERCENT, { error: SHARE_EXPECTED })
  .transform((text) => Number(PERCENT.exec(text)?.[1]) / 100);

export const httpUrl = z.url({ protocol: /^https?$/, error: 'an http or https URL' });

export const path = z.string().min(1, { error: 'a path' });

export const listName = z.string().regex(LIST_NAME, {
  error: 'a name of at most 24 lower-case letters, digits and _, starting with a letter',
});

/** What a mail server says to a client: 550, or 450. */
export const mailAction = z.enum(['reject', 'tempfail']);
export type MailAction = z.output<typeof mailAction>;
