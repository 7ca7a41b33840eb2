import * as z from 'zod';

import { endpoint } from './network-values.js';

/** The `metrics` part of the configuration. */
export const metrics = z
  .strictObject({
    listen: endpoint(9853)
      .prefault('127.0.0.1:9853')
      .describe('Address and port; anybody who reaches it may read, so keep it on loopback.'),
  })
  .describe('Metrics for Prometheus, at /metrics over HTTP, while a service runs.');
