import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import { type Dispatcher, request } from 'undici';

import { DownloadFailure, failureOf } from './failure.js';
import type { DownloadLimits } from './options.js';
import { parseRetryAfter } from './retry.js';
import { Watchdog } from './watchdog.js';

/** What every request of one run shares. */
export interface Client {
  readonly dispatcher: Dispatcher;
  readonly limits: DownloadLimits;
  /** Product and version (RFC 9110, 10.1.5). */
  readonly userAgent: string;
  /** Ends everything under way. */
  readonly signal?: AbortSignal | undefined;
}

export interface Download {
  /** The file, unpacked. */
  readonly bytes: Uint8Array;
  /** Validators as the server gave them. */
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

export interface Validators {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

export interface DownloadWish {
  /** Validators of the copy that is there: a server that has no other answers `not modified`. */
  readonly unless?: Validators | undefined;
  /** Asks caches on the way to look at the origin again. */
  readonly fresh?: boolean;
  /** Headers more, by names in small letters. Another origin that it redirects to gets none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes come so far as they came over the wire, and how many there will be where that is known. */
  readonly onBytes?: (received: number, total: number | undefined) => void;
}

/** What answers carry; undici gives a list where a header came several times. */
type Headers = Dispatcher.ResponseData['headers'];

/**
 * Requests a file once: follows redirects, unpacks gzip, holds the limits.
 *
 * @throws DownloadFailure for everything that can go wrong between here and there
 */
export async function download(
  client: Client,
  url: string,
  wish: DownloadWish = {},
): Promise<Download | 'not modified'> {
  const watchdog = new Watchdog(url, client.limits, client.signal);
  try {
    const { response, finalUrl } = await followRedirects(client, url, wish, watchdog);
    if (response.statusCode === 304 && wish.unless !== undefined) {
      await response.body.dump();
      return 'not modified';
    }
    if (response.statusCode !== 200) throw await statusFailure(finalUrl, response);
    const bytes = await readBody(client, finalUrl, wish, response, watchdog);
    return {
      bytes,
      etag: headerOf(response.headers, 'etag'),
      lastModified: headerOf(response.headers, 'last-modified'),
    };
  } catch (error) {
    throw watchdog.failure ?? failureOf(error, url, client.limits.connectMs);
  } finally {
    watchdog.stop();
  }
}

async function followRedirects(
  client: Client,
  url: string,
  wish: DownloadWish,
  watchdog: Watchdog,
): Promise<{ response: Dispatcher.ResponseData; finalUrl: string }> {
  const headers: Record<string, string> = {
    'user-agent': client.userAgent,
    accept: '*/*',
    'accept-encoding': 'gzip',
  };
  if (wish.unless?.etag !== undefined) headers['if-none-match'] = wish.unless.etag;
  if (wish.unless?.lastModified !== undefined) {
    headers['if-modified-since'] = wish.unless.lastModified;
  }
  if (wish.fresh === true) headers['cache-control'] = 'no-cache';
  const { target, authorization } = withoutCredentials(url);
  const secrets = { ...authorization, ...wish.headers };
  let at = target;
  for (let redirects = 0; ; redirects++) {
    watchdog.expect(client.limits.connectMs + client.limits.idleMs);
    const { dispatcher } = client;
    const isOrigin = new URL(at).origin === new URL(target).origin;
    const sent = isOrigin ? { ...headers, ...secrets } : headers;
    const response = await request(at, { dispatcher, headers: sent, signal: watchdog.signal });
    watchdog.expect(client.limits.idleMs);
    if (![301, 302, 303, 307, 308].includes(response.statusCode)) {
      return { response, finalUrl: at };
    }
    await response.body.dump();
    if (redirects === client.limits.maxRedirects) {
      throw new DownloadFailure(url, `more than ${client.limits.maxRedirects} redirects`);
    }
    at = redirectTarget(at, headerOf(response.headers, 'location'));
  }
}

/** User and password of a URL, as the header that they stand for (RFC 7617). */
function withoutCredentials(text: string): {
  readonly target: string;
  readonly authorization: Readonly<Record<string, string>>;
} {
  const url = new URL(text);
  if (url.username === '' && url.password === '') return { target: text, authorization: {} };
  const pair = `${unescaped(url.username)}:${unescaped(url.password)}`;
  url.username = '';
  url.password = '';
  const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  return { target: url.href, authorization: { authorization } };
}

function unescaped(text: string): string {
  // not by decodeURIComponent, which throws at a % that escapes nothing
  return Buffer.from(
    text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
}

/**
 * Where a redirect leads.
 *
 * @throws DownloadFailure where that is no web address, or http instead of https
 */
export function redirectTarget(from: string, location: string | undefined): string {
  const target =
    location !== undefined && URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (target === undefined || !/^https?:$/.test(target.protocol)) {
    throw new DownloadFailure(from, `redirects to ${JSON.stringify(location ?? '')}`);
  }
  if (from.startsWith('https:') && target.protocol === 'http:') {
    throw new DownloadFailure(from, `redirects from https to http (${target.host})`);
  }
  return target.href;
}

async function statusFailure(
  url: string,
  { statusCode, headers, body }: Dispatcher.ResponseData,
): Promise<DownloadFailure> {
  const retryAfterMs = parseRetryAfter(headerOf(headers, 'retry-after'), Date.now());
  await body.dump();
  const wait =
    retryAfterMs === undefined ? '' : `, retry after ${Math.ceil(retryAfterMs / 1000)} s`;
  const temporary = statusCode >= 500 || statusCode === 429 || statusCode === 408;
  return new DownloadFailure(url, `HTTP status ${statusCode}${wait}`, {
    temporary,
    retryAfterMs,
    status: statusCode,
  });
}

async function readBody(
  client: Client,
  url: string,
  wish: DownloadWish,
  { headers, body }: Dispatcher.ResponseData,
  watchdog: Watchdog,
): Promise<Uint8Array> {
  const encoding = (headerOf(headers, 'content-encoding') ?? 'identity').toLowerCase();
  const packed = encoding === 'gzip' || encoding === 'x-gzip';
  if (!packed && encoding !== 'identity') {
    throw new DownloadFailure(url, `content encoding ${encoding}, which was not asked for`);
  }
  const length = headerOf(headers, 'content-length');
  const total = length === undefined ? undefined : Number(length);
  let received = 0;
  const meter = new Transform({
    transform(chunk: Uint8Array, _encoding: BufferEncoding, done: TransformCallback) {
      watchdog.expect(client.limits.idleMs);
      received += chunk.length;
      wish.onBytes?.(received, total);
      done(null, chunk);
    },
  });
  const { maxBytes } = client.limits;
  const collect = async (source: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of source) {
      size += chunk.length;
      if (size > maxBytes) {
        const reason = `the file is larger than ${sizeText(maxBytes)}`;
        watchdog.end(new DownloadFailure(url, reason, { kind: 'refused' }));
        break;
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  };
  const bytes = await (packed
    ? pipeline(body, meter, createGunzip(), collect)
    : pipeline(body, meter, collect));
  if (watchdog.failure !== undefined) throw watchdog.failure;
  return bytes;
}

function sizeText(bytes: number): string {
  return bytes >= 2 ** 20 ? `${bytes / 2 ** 20} MiB` : `${bytes} bytes`;
}

function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}
