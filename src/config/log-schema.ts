import * as z from 'zod';

/** The `log` part of the configuration. */
export const log = z
  .strictObject({
    format: z
      .enum(['auto', 'text', 'json'])
      .default('auto')
      .describe(
        'Of the log on standard error. auto: lines of text, for journald with their level, ' +
          'for files with their time. text: with level and time. json: an object a line.',
      ),
    level: z
      .enum(['error', 'warning', 'info'])
      .default('info')
      .describe('The least that is written.'),
  })
  .prefault({})
  .describe('The log of services (run, serve).');
