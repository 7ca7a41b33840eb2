import * as z from 'zod';

import { durationMs } from './values.js';

/** The `run` part of the configuration: the daemon's own times. */
export const run = z
  .strictObject({
    jitter: durationMs
      .prefault('5m')
      .describe('An update is put off by up to this, so that not all hosts ask at once.'),
    drift_every: durationMs
      .prefault('5m')
      .describe('How often the kernel is compared with the configuration, and put right.'),
    hits_every: durationMs
      .prefault('15m')
      .describe('How often it is collected for the reports what was denied.'),
  })
  .prefault({})
  .describe('How often `sekisho run` does its work beside the schedule.');
