import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import * as z from 'zod';

import { writeFileAtomically } from '../../util/atomic-file.js';
import { messageOf } from '../../util/errors.js';
import { NOTHING_TOLD, type NotifyMemory } from './decide.js';

const time = z.iso.datetime();
const told = z.object({ since: time, toldAt: time, message: z.string() });
const schema = z.object({
  format: z.literal(1),
  conditions: z.object({ update: told.optional(), stale: told.optional() }),
  happenings: z.record(z.string(), z.string()),
});

function notifyMemoryPath(state: string): string {
  return join(state, 'notified.json');
}

/**
 * What was told before. A file that is damaged counts as none: then what lasts is told once more.
 *
 * @param warn told of such a file
 */
export function readNotifyMemory(state: string, warn: (text: string) => void): NotifyMemory {
  const path = notifyMemoryPath(state);
  if (!existsSync(path)) return NOTHING_TOLD;
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8'))) as NotifyMemory;
  } catch (error) {
    const reason = messageOf(error).replaceAll(/\s+/g, ' ').slice(0, 120);
    warn(`${path} cannot be read (${reason}): what lasts is told once more`);
    return NOTHING_TOLD;
  }
}

/** @throws SystemError where the system refuses */
export function writeNotifyMemory(state: string, memory: NotifyMemory): void {
  const text = `${JSON.stringify(memory, undefined, 2)}\n`;
  writeFileAtomically(notifyMemoryPath(state), [text], { fsync: true });
}
