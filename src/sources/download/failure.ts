import { errors } from 'undici';

import { SourceError, codeOf, messageOf } from '../../util/errors.js';

/**
 * Why a URL gave no file. `refused` where something came that is not to be taken,
 * `unreachable` where nothing came.
 */
export class DownloadFailure extends SourceError {
  readonly host: string;
  /** Without the host. */
  readonly reason: string;
  readonly kind: 'unreachable' | 'refused';
  /** Whether the same request may well succeed a little later. */
  readonly temporary: boolean;
  /** What the server asked to wait for, where it did. */
  readonly retryAfterMs: number | undefined;
  /** HTTP status, where an answer with one is what failed. */
  readonly status: number | undefined;

  constructor(
    url: string,
    reason: string,
    details: {
      kind?: 'unreachable' | 'refused';
      temporary?: boolean;
      retryAfterMs?: number | undefined;
      status?: number;
      cause?: unknown;
    } = {},
  ) {
    const host = hostOf(url);
    super(`${host}: ${reason}`, details.cause === undefined ? {} : { cause: details.cause });
    this.host = host;
    this.reason = reason;
    this.kind = details.kind ?? 'unreachable';
    this.temporary = details.temporary ?? false;
    this.retryAfterMs = details.retryAfterMs;
    this.status = details.status;
  }
}

/** Host, and port where it is not the scheme's own: what a message names a URL by. */
export function hostOf(url: string): string {
  return new URL(url).host;
}

interface Meaning {
  readonly text: string;
  readonly temporary: boolean;
}

const later = (text: string): Meaning => ({ text, temporary: true });
const never = (text: string): Meaning => ({ text, temporary: false });

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: later('connection refused'),
  ECONNRESET: later('connection reset'),
  EPIPE: later('connection reset'),
  ETIMEDOUT: later('connection timed out'),
  EHOSTUNREACH: later('host unreachable'),
  ENETUNREACH: later('network unreachable'),
  ENETDOWN: later('network down'),
  ENOTFOUND: later('name not found in the DNS'),
  EAI_AGAIN: later('name lookup failed'),
  UND_ERR_SOCKET: later('connection closed before the end of the file'),
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: later('fewer or more bytes than Content-Length promises'),
  Z_BUF_ERROR: later('the gzip stream ends early'),
  Z_DATA_ERROR: later('the gzip stream is damaged'),
  CERT_HAS_EXPIRED: never('its certificate has expired'),
  CERT_NOT_YET_VALID: never('its certificate is not valid yet (is the clock right?)'),
  DEPTH_ZERO_SELF_SIGNED_CERT: never('its certificate is self-signed'),
  SELF_SIGNED_CERT_IN_CHAIN: never(
    'its certificate comes from an unknown authority (for a proxy that reads TLS, set NODE_EXTRA_CA_CERTS)',
  ),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: never('its certificate comes from an unknown authority'),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: never('its certificate comes from an unknown authority'),
  ERR_TLS_CERT_ALTNAME_INVALID: never('its certificate is for another name'),
};

/**
 * Tells in a few words what went wrong on the way to a URL. Errors without a code are defects
 * of this program: they are thrown on.
 */
export function failureOf(thrown: unknown, url: string, connectMs: number): DownloadFailure {
  if (thrown instanceof DownloadFailure) return thrown;
  if (thrown instanceof errors.HTTPParserError) {
    return new DownloadFailure(url, 'the answer is no HTTP', { cause: thrown });
  }
  const code = codeOf(thrown);
  if (code === undefined) throw thrown;
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    const reason = `no connection within ${connectMs / 1000} s`;
    return new DownloadFailure(url, reason, { temporary: true, cause: thrown });
  }
  const known = MEANINGS[code];
  if (known !== undefined) {
    const reason = known.text + peerText(thrown, url);
    return new DownloadFailure(url, reason, { temporary: known.temporary, cause: thrown });
  }
  // an answer that is no HTTP, a proxy that says no, a TLS failure: undici's own words
  const temporary = code === 'UND_ERR_ABORTED';
  return new DownloadFailure(url, messageOf(thrown), { temporary, cause: thrown });
}

/** ` by HOST:PORT` where the connection went somewhere else than the URL says: to a proxy. */
function peerText(thrown: unknown, url: string): string {
  const first: unknown = thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  if (!(first instanceof Error) || !('address' in first) || !('port' in first)) return '';
  const target = new URL(url);
  const port = target.port || (target.protocol === 'https:' ? '443' : '80');
  if (String(first.port) === port) return '';
  return ` by ${String(first.address)} port ${String(first.port)} (a proxy?)`;
}
