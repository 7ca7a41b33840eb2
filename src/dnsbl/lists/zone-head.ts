import type { ZoneConfig } from '../../config/schema.js';
import { parseName } from '../wire/name.js';
import type { ZoneSource } from '../zone/zone-source.js';

/** When a zone's content last changed, and until when it may be served. */
export interface ZoneTime {
  /** Milliseconds since 1970. */
  readonly changedAtMs: number;
  readonly expiresAtMs?: number;
}

/** RFC 1912 2.2 for the times that only secondaries read. */
const REFRESH_SECONDS = 600;
const RETRY_SECONDS = 120;
const EXPIRE_SECONDS = 604_800;

/** Name, SOA and NS of a configured zone. */
export function zoneHead(
  zone: ZoneConfig,
  time: ZoneTime,
): Pick<ZoneSource, 'name' | 'soa' | 'nameServers' | 'keys' | 'expiresAtMs'> {
  const ttlSeconds = Math.round(zone.ttl / 1000);
  return {
    name: wireName(zone.name),
    soa: {
      ttlSeconds,
      primary: wireName(zone.primary),
      person: wireName(zone.contact),
      // grows with time, and is one number for one content (RFC 1982 holds until 2106)
      serial: Math.floor(time.changedAtMs / 1000) >>> 0,
      refreshSeconds: REFRESH_SECONDS,
      retrySeconds: RETRY_SECONDS,
      expireSeconds: EXPIRE_SECONDS,
      minimumSeconds: Math.round(zone.negative_ttl / 1000),
    },
    nameServers: { ttlSeconds, names: zone.name_servers.map(wireName) },
    ...(zone.keys && { keys: zone.keys }),
    ...(time.expiresAtMs !== undefined && { expiresAtMs: time.expiresAtMs }),
  };
}

function wireName(text: string): Uint8Array {
  const name = parseName(text);
  if (name === undefined) throw new Error(`the schema let the name ${text} pass`);
  return name;
}
