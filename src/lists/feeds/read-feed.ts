import { gunzipSync } from 'node:zlib';

import { codeOf } from '../../util/errors.js';
import type { FeedForm } from './feed.js';
import { FeedRefused } from './refused.js';
import type { FeedLine } from './feed-line.js';
import { readPlain } from './read-plain.js';

/** Bounds that no download may pass, so that none can take all memory. */
export interface ReadLimits {
  readonly maxLines: number;
  /** Of what is unpacked. */
  readonly maxBytes: number;
}

/**
 * The lines of a download, readable or not, in its order. What is gzip by its first bytes is
 * unpacked: publishers name such files as they like.
 *
 * @throws FeedRefused where it is not what the configuration says, or too long
 */
export async function readFeed(
  bytes: Uint8Array,
  form: FeedForm,
  limits: ReadLimits,
): Promise<FeedLine[]> {
  const unpacked = unpack(bytes, limits.maxBytes);
  switch (form.kind) {
    case 'plain':
      return readPlain(textOf(unpacked), limits.maxLines);
    case 'csv':
      return (await import('./read-csv.js')).readCsv(textOf(unpacked), form, limits.maxLines);
    case 'json':
      return (await import('./read-json.js')).readJson(unpacked, form, limits.maxLines);
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

function unpack(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') {
      throw new FeedRefused(`unpacked it is larger than sources.max_size (${maxBytes} bytes)`);
    }
    if (codeOf(error)?.startsWith('Z_')) throw new FeedRefused('the gzip stream is damaged');
    throw error;
  }
}
