import { createHash } from 'node:crypto';

import type { RegistryName } from '../../config/registry-names.js';
import { type WholeFile, findDamage, isWhole } from '../statistics/check.js';
import { scanStatistics } from '../statistics/scan.js';
import { sha256Of } from '../store.js';
import { DownloadFailure, hostOf } from './failure.js';
import { parseMd5 } from './md5.js';
import { type Client, type Download, type DownloadWish, download } from './request.js';
import { withRetries } from './retry.js';

/** A statistics file as one URL has it: whole, of the right registry, its md5 looked at. */
export interface Copy extends Download {
  readonly url: string;
  /** Hexadecimal, small letters. */
  readonly sha256: string;
  readonly file: WholeFile;
  /** Remarks for a person, such as that there is no md5. */
  readonly notes: readonly string[];
}

/** An md5 file is a line. */
const MAX_MD5_BYTES = 64 * 2 ** 10;

export interface CopyWish extends DownloadWish {
  /** SHA-256 of the copy that is there: the same bytes again need no md5. */
  readonly knownSha256?: string | undefined;
}

/**
 * Fetches a file and its `.md5` from one URL. What comes damaged or does not fit its md5 is
 * fetched a second time, past all caches: one of the two may just have been replaced.
 *
 * @throws DownloadFailure: `unreachable` where nothing came, `refused` where what came is not
 *   whole, of another registry, or does not fit its md5
 */
export async function fetchCopy(
  client: Client,
  registry: RegistryName,
  url: string,
  wish: CopyWish,
): Promise<Copy | 'not modified'> {
  const first = await tryCopy(client, registry, url, wish);
  if (!('fault' in first)) return first.copy;
  const again = await tryCopy(client, registry, url, { ...wish, unless: undefined, fresh: true });
  if (!('fault' in again)) return again.copy;
  if (again.takeWithNote === undefined) throw again.fault;
  return again.takeWithNote;
}

type Tried =
  | { readonly copy: Copy | 'not modified' }
  /** `takeWithNote`: whole, and only at odds with an md5 that is older than the file. */
  | { readonly fault: DownloadFailure; readonly takeWithNote?: Copy };

async function tryCopy(
  client: Client,
  registry: RegistryName,
  url: string,
  wish: CopyWish,
): Promise<Tried> {
  const fetched = await withRetries(client.limits, client.signal, () =>
    download(client, url, wish),
  );
  if (fetched === 'not modified') return { copy: fetched };
  const file = scanStatistics(fetched.bytes);
  if (!isWhole(file, [registry])) {
    const damage = findDamage(file, [registry]);
    const place = damage !== undefined && damage.line > 0 ? `line ${damage.line}: ` : '';
    const reason = `${place}found ${damage?.found ?? ''}; expected ${damage?.expected ?? ''}`;
    return { fault: new DownloadFailure(url, reason, { kind: 'refused' }) };
  }
  const sha256 = sha256Of(fetched.bytes);
  const copy = { ...fetched, url, sha256, file, notes: [] };
  if (sha256 === wish.knownSha256) return { copy };
  const published = await fetchMd5(client, `${url}.md5`, wish.fresh === true);
  if (published === undefined) {
    return { copy: { ...copy, notes: [`${hostOf(url)} has no md5 of it`] } };
  }
  const digest = createHash('md5').update(fetched.bytes).digest('hex');
  if (published.digest === digest) return { copy };
  const reason =
    published.digest === undefined
      ? 'found no digest in its .md5 file; expected one md5'
      : `found md5 ${digest}; expected ${published.digest}, which its .md5 file says`;
  const fault = new DownloadFailure(url, reason, { kind: 'refused' });
  if (published.digest === undefined || !isOlder(published.lastModified, fetched.lastModified)) {
    return { fault };
  }
  const note = `${hostOf(url)}: its md5 is of ${published.lastModified ?? ''}, older than the file, and of another one`;
  return { fault, takeWithNote: { ...copy, notes: [note] } };
}

interface PublishedMd5 {
  /** Undefined where the file holds none. */
  readonly digest: string | undefined;
  readonly lastModified: string | undefined;
}

/** The published md5; undefined where there is none at that address. */
async function fetchMd5(
  client: Client,
  url: string,
  fresh: boolean,
): Promise<PublishedMd5 | undefined> {
  const small = { ...client, limits: { ...client.limits, maxBytes: MAX_MD5_BYTES } };
  try {
    const fetched = await withRetries(client.limits, client.signal, () =>
      download(small, url, { fresh }),
    );
    if (fetched === 'not modified') throw new Error('an answer 304 to a request without condition');
    const digest = parseMd5(new TextDecoder().decode(fetched.bytes));
    return { digest, lastModified: fetched.lastModified };
  } catch (error) {
    if (error instanceof DownloadFailure && (error.status === 404 || error.status === 410)) {
      return undefined;
    }
    throw error;
  }
}

function isOlder(time: string | undefined, than: string | undefined): boolean {
  return Date.parse(time ?? '') < Date.parse(than ?? '');
}
