import { find4, find6 } from '../index/address-map.js';
import type { AccessMaps } from '../index/compile.js';
import type { Client } from './client.js';

/** Code of ACCESS, or FIRST_ACCESS_ANSWER plus an answer's number, or 0 where nothing is said. */
export function accessOf(maps: AccessMaps, client: Client): number {
  const isIPv4 = client.family === 4;
  const map = isIPv4 ? maps.v4 : maps.v6;
  const k = isIPv4 ? find4(map, client.words[0] as number) : find6(map, client.words);
  return k < 0 ? 0 : (map.answers[k] as number);
}

/** 127.0.0.0/8 and ::1. */
export function isLoopback({ family, words }: Client): boolean {
  if (family === 4) return (words[0] as number) >>> 24 === 127;
  return words[0] === 0 && words[1] === 0 && words[2] === 0 && words[3] === 1;
}
