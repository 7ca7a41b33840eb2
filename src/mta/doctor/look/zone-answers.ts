import type { Endpoint } from '../../../config/network-values.js';
import type { ExpectedZone } from '../zones.js';
import { type Question, type Reply, ask } from './ask.js';

/** What a server says to the questions of RFC 5782 5 about one zone. */
export interface ZoneAnswers {
  /** A of 127.0.0.2. */
  readonly test: Reply;
  /** TXT of 127.0.0.2. */
  readonly text: Reply;
  /** A of 127.0.0.2 where a resolver is asked not to validate. */
  readonly unvalidated: Reply;
  /** A of 127.0.0.1. */
  readonly never: Reply;
  /** A of ::ffff:127.0.0.2. */
  readonly test6: Reply;
  /** A of 127.0.0.2 below each further key of the zone. */
  readonly furtherKeys: readonly Reply[];
}

/** ::FFFF:7F00:2 as 32 nibbles, from the last (RFC 5782 2.4). */
const TEST_6 = `2.0.0.0.0.0.f.7.f.f.f.f.${'0.'.repeat(20)}`.slice(0, -1);

/**
 * Asks everything side by side.
 *
 * @param timeoutMs for each of two tries
 */
export async function askAboutZone(
  at: Endpoint,
  { hosts }: Pick<ExpectedZone, 'hosts'>,
  timeoutMs: number,
): Promise<ZoneAnswers> {
  const [host = '', ...others] = hosts;
  const one = (labels: string, more: Partial<Question> = {}): Promise<Reply> =>
    ask(at, { name: `${labels}.${host}`, type: 'A', ...more }, timeoutMs);
  const [test, text, unvalidated, never, test6, ...furtherKeys] = await Promise.all([
    one('2.0.0.127'),
    one('2.0.0.127', { type: 'TXT' }),
    one('2.0.0.127', { isCheckingDisabled: true }),
    one('1.0.0.127'),
    one(TEST_6),
    ...others.map((name) => ask(at, { name: `2.0.0.127.${name}`, type: 'A' }, timeoutMs)),
  ]);
  return { test, text, unvalidated, never, test6, furtherKeys };
}
