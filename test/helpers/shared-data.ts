import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { test } from 'vitest';

/** Folder of real registry files, beside the repository; see docs/architecture.md. */
export const SHARED_DATA = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

const present = existsSync(SHARED_DATA);

/** A test on real files, skipped with its reason where they are not there. */
export function sharedDataTest(name: string, body: () => void | Promise<void>): void {
  if (present) test(name, { timeout: 60_000 }, body);
  else test.skip(`${name} [skipped: no ../shared/data]`, body);
}

export function sharedFile(name: string): string {
  return `${SHARED_DATA}${name}`;
}
