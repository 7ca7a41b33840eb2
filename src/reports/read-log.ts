import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import { systemErrorOf } from '../util/system-error.js';
import { type Sighting, parseLogLine } from './kernel-log.js';

/** Where rsyslog writes the kernel's lines on Debian; with journald alone there is no file. */
const KERNEL_LOG = '/var/log/kern.log';

/** The kernel log that is read where none is named; undefined where there is none. */
export function findKernelLog(): string | undefined {
  return existsSync(KERNEL_LOG) ? KERNEL_LOG : undefined;
}

/**
 * Our lines of a kernel log, in order.
 *
 * @param path a file, or `-` for standard input
 * @throws SystemError where it cannot be read
 */
export async function readSightings(path: string, nowMs: number): Promise<Sighting[]> {
  const stream: Readable = path === '-' ? process.stdin : createReadStream(path);
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  const sightings: Sighting[] = [];
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => {
      const known = systemErrorOf(error, 'cannot read', path);
      reject(known instanceof Error ? known : error);
    };
    stream.on('error', fail);
    lines.on('error', fail); // readline passes on what its input tells
    lines.on('line', (line) => {
      const sighting = parseLogLine(line, nowMs);
      if (sighting !== undefined) sightings.push(sighting);
    });
    lines.on('close', resolve);
  });
  return sightings;
}
