import type { UpdateRecord } from '../last-update.js';
import type { Notice } from './notice.js';

/** What is told in one go. */
export interface Letter {
  /** One line. */
  readonly subject: string;
  readonly text: string;
  readonly timeMs: number;
}

/** The words for people. Pure. */
export function writeLetter(notices: readonly Notice[], host: string, timeMs: number): Letter {
  const [first, ...others] = notices;
  if (first === undefined) throw new Error('a letter about nothing');
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  const subject = `sekisho on ${host}: ${first.message.split('\n')[0] ?? ''}`;
  const parts = notices.map(({ phase, message, details, since }) =>
    [
      message,
      ...(since === undefined ? [] : [`${phase === 'ends' ? 'it began' : 'since'} ${since}`]),
      ...details.filter((line) => !message.endsWith(line)).map((line) => `  ${line}`),
    ].join('\n'),
  );
  const text = [...parts, `\`sekisho status\` on ${host} tells how things stand now.`].join('\n\n');
  return { subject: subject.slice(0, 150) + more, text, timeMs };
}

/** What a command gets on standard input; its shape is documented in docs/notifications.md. */
export interface CommandInput {
  readonly format: 1;
  readonly host: string;
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly subject: string;
  readonly text: string;
  readonly notices: readonly Notice[];
  /** The update after which this is told; null where it is told at another time. */
  readonly update: UpdateRecord | null;
}
