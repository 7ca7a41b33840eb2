import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import * as z from 'zod';

import { makeFolder, writeFileAtomically } from '../util/atomic-file.js';
import { SystemError, codeOf, messageOf } from '../util/errors.js';
import { systemErrorOf } from '../util/system-error.js';
import { RECORD_FILE } from './places.js';

const schema = z.object({
  /** Of each file all that was ever written there, so that it is known as ours also where a run was cut off. */
  files: z.record(z.string(), z.array(z.string())),
  /** Folders that were made, those above before those below. */
  folders: z.array(z.string()),
  /** The state folder of the services. */
  state: z.string(),
});

/** What was written, by absolute path without prefix; of a file the SHA-256 of its texts, in hex. */
export type InstallRecord = z.output<typeof schema>;

/** The record below a prefix, or undefined where nothing was installed. */
export function readRecord(prefix: string): InstallRecord | undefined {
  const path = join(prefix, RECORD_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw systemErrorOf(error, 'cannot read', path);
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new SystemError(
      `${path} is damaged; expected what sekisho install wrote there. Remove it and install ` +
        `again, which takes unchanged files as its own`,
      { cause: messageOf(error) },
    );
  }
}

export function writeRecord(prefix: string, record: InstallRecord): void {
  const path = join(prefix, RECORD_FILE);
  makeFolder(join(path, '..'));
  writeFileAtomically(path, [`${JSON.stringify(record, undefined, 2)}\n`], { fsync: true });
}

/** SHA-256 of a text as it stands in a file, in hex. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
