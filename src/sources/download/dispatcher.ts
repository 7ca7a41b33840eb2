import { type Dispatcher, EnvHttpProxyAgent } from 'undici';

import { UsageError } from '../../util/errors.js';
import type { DownloadLimits } from './options.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The connections of one run. Honours http_proxy, https_proxy and no_proxy, in small letters or
 * capitals (the small ones win, as with curl); a proxy without a scheme is an HTTP proxy.
 *
 * @throws UsageError where a proxy variable is no URL
 */
export function makeDispatcher(
  limits: DownloadLimits,
  environment: Environment = process.env,
): Dispatcher {
  const httpProxy = proxyFrom(environment, 'http_proxy');
  const httpsProxy = proxyFrom(environment, 'https_proxy');
  const noProxy = environment['no_proxy'] ?? environment['NO_PROXY'] ?? '';
  const connect = { timeout: limits.connectMs };
  return new EnvHttpProxyAgent({
    // '' and not undefined: then undici does not look into process.env itself
    httpProxy: httpProxy ?? '',
    httpsProxy: httpsProxy ?? '',
    noProxy,
    connect,
    proxyTls: connect,
    requestTls: connect,
    // plain http goes through a proxy as a request: many allow CONNECT to port 443 only
    proxyTunnel: false,
    // silence is timed in request.ts, in one way with and without a proxy
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

function proxyFrom(environment: Environment, name: string): string | undefined {
  const text = environment[name] ?? environment[name.toUpperCase()];
  if (text === undefined || text === '') return undefined;
  const url = text.includes('://') ? text : `http://${text}`;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && /^(https?|socks5?):$/.test(parsed.protocol)) return url;
  throw new UsageError(
    `the environment variable ${name}: found ${JSON.stringify(text)}; ` +
      'expected a proxy such as http://proxy.example.net:3128',
  );
}
