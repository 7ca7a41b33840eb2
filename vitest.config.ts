import { defineConfig } from 'vitest/config';

import { LongestFirst } from './test/helpers/longest-first.js';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/helpers/build.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // on a busy machine a program takes a second only to start
    expect: { poll: { interval: 20, timeout: 5000 } },
  },
});
