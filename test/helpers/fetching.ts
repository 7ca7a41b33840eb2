import { createHash } from 'node:crypto';
import fs from 'node:fs';

import { expect } from 'vitest';

import type { DownloadLimits } from '../../src/sources/download/options.js';
import {
  type FetchOptions,
  type FetchReport,
  type RegistryOutcome,
  exitCodeOf,
  faultLines,
  fetchRegistries,
} from '../../src/sources/fetch.js';
import { readStored, sourcesFolder } from '../../src/sources/store.js';
import type { Route, TestServer } from './http-server.js';

/** Where a test server has the registry's own file, and a copy of it. */
export const OWN = '/stats/delegated-apnic';
export const MIRROR = '/mirror/delegated-apnic';

/** Seconds become milliseconds, so that a test of a timeout takes no time. */
export const SHORT_LIMITS: DownloadLimits = {
  connectMs: 400,
  idleMs: 400,
  totalMs: 2000,
  tries: 2,
  backoffMs: 5,
  backoffMaxMs: 10,
  retryAfterMaxMs: 1500,
  maxBytes: 64 * 2 ** 10,
  maxRedirects: 5,
};

/** An md5 file as APNIC writes it. */
export function md5File(text: string | Uint8Array): string {
  return `MD5 (delegated-apnic-latest) = ${createHash('md5').update(text).digest('hex')}\n`;
}

/** Routes to a file and its right md5. */
export function published(
  path: string,
  text: string,
  headers: Record<string, string> = {},
): Record<string, Route> {
  return { [path]: { body: text, headers }, [`${path}.md5`]: { body: md5File(text) } };
}

export interface FetchResult extends RegistryOutcome {
  exitCode: number;
  /** What a user is told, the server's address shown as HOST. */
  lines: string[];
  report: FetchReport;
}

/** Fetches APNIC's file from the paths of a test server. */
export async function fetchFrom(
  server: TestServer,
  state: string,
  paths: readonly string[] = [OWN],
  options: Partial<FetchOptions> = {},
): Promise<FetchResult> {
  const report = await fetchRegistries({
    state,
    registries: [{ name: 'apnic', title: 'APNIC', urls: paths.map((path) => server.url(path)) }],
    countries: new Set(['KR', 'JP']),
    userAgent: 'sekisho/test',
    environment: {},
    ...options,
    limits: { ...SHORT_LIMITS, ...options.limits },
  });
  const [outcome] = report.outcomes;
  if (outcome === undefined) throw new Error('no outcome');
  const hidden = (text: string): string => text.replaceAll(new URL(server.url('/')).host, 'HOST');
  return {
    ...outcome,
    message: hidden(outcome.message),
    notes: outcome.notes.map(hidden),
    exitCode: exitCodeOf(report),
    lines: faultLines(report).map(hidden),
    report,
  };
}

/** The state holds exactly this file of APNIC, with facts that fit it, and nothing half done. */
export function expectStored(state: string, text: string): void {
  const stored = readStored(state, 'apnic');
  expect(stored && Buffer.from(stored.bytes).toString()).toBe(text);
  expect(stored?.facts?.serial).toBe(text.split('|')[2]);
  const names = fs.readdirSync(sourcesFolder(state)).filter((name) => name !== 'countries.cache');
  expect(names.sort()).toEqual(['delegated-apnic', 'delegated-apnic.json']);
}
