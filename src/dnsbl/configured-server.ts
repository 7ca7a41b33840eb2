import type { LoadedConfig } from '../config/load.js';
import type { DnsblConfig } from '../config/schema.js';
import { builtFile } from '../util/program-path.js';
import type { RateLimit } from './answer/rate-limiter.js';
import { checkZones, transferClients } from './lists/check-zones.js';
import type { ConfiguredZones } from './lists/load-zones.js';
import type { QueryLogSettings } from './server/query-log.js';
import type { ServerSettings } from './server/server.js';
import type { Report } from './server/transport.js';
import { Transfers } from './transfer/transfers.js';

/** A server's settings, and the transfers that have to be given its zones. */
export interface ConfiguredServer {
  readonly settings: Omit<ServerSettings, 'report' | 'onServing'>;
  readonly transfers: Transfers;
}

/** Module of the loader, which another thread loads. */
const LOADER = builtFile('dnsbl/lists/load-zones.js').href;

/**
 * What the `dnsbl` part of a configuration asks for.
 *
 * @param zones the configuration's text and where its data is, for the loader
 * @throws UsageError where there is no such part, or a prefix in it is none
 */
export function configuredServer(
  loaded: LoadedConfig,
  zones: ConfiguredZones,
  report: Report,
): ConfiguredServer {
  const dnsbl = checkZones(loaded);
  const clients = transferClients(loaded, dnsbl);
  const transfers = new Transfers({ clients, notify: dnsbl.notify, listen: dnsbl.listen, report });
  const rateLimit = rateLimitOf(dnsbl);
  const log = queryLogOf(dnsbl, loaded);
  return {
    transfers,
    settings: {
      listen: dnsbl.listen,
      loader: { module: LOADER, input: zones },
      workers: dnsbl.workers,
      transport: dnsbl.transport,
      tcp: { connections: dnsbl.tcp.connections, idleMs: dnsbl.tcp.idle_timeout },
      transfer: (query, client, stream) => transfers.answer(query, client, stream),
      ...(dnsbl.user !== undefined && { user: dnsbl.user }),
      ...(rateLimit && { rateLimit }),
      ...(log && { log }),
    },
  };
}

/** Whoever `access` names has no limit, so there is one only where it says `any`. */
function rateLimitOf({ access, rate_limit }: DnsblConfig): RateLimit | undefined {
  if (!access.includes('any')) return undefined;
  return {
    responsesPerSecond: rate_limit.responses_per_second,
    slip: rate_limit.slip,
    prefix4: rate_limit.ipv4_prefix,
    prefix6: rate_limit.ipv6_prefix,
  };
}

function queryLogOf(
  { query_log: { which, sample, file } }: DnsblConfig,
  { resolvePath }: LoadedConfig,
): QueryLogSettings | undefined {
  if (which === 'none' || sample === 0) return undefined;
  return {
    which,
    sample,
    ...(file !== undefined && { file: resolvePath(file) }),
  };
}
