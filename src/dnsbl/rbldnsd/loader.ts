import type { LoadedZones } from '../zone/loaded-zones.js';
import type { ZoneSource } from '../zone/zone-source.js';
import { type LoadRequest, type LoadedZone, loadZones } from './load-zones.js';
import { warningsOf } from './warning-lines.js';

/** What rbldnsd's command line says of zones; the clock is the loader's. */
export type RbldnsdZones = Omit<LoadRequest, 'settings'> & {
  readonly settings: Omit<LoadRequest['settings'], 'nowMs'>;
  /** Whether answers name the zone's servers. */
  readonly tellsNameServers?: boolean;
  /** What is said to `version.bind`. */
  readonly version?: string;
};

/** The last good global acl: while its file cannot be read, clients are judged by what was. */
let access: LoadedZones['access'];

/** Loads zones of rbldnsd's files; for a thread of its own. */
export function load(input: RbldnsdZones): LoadedZones {
  const result = loadZones({ ...input, settings: { ...input.settings, nowMs: Date.now() } });
  const warnings = warningsOf(result);
  if (result.globalFailure === undefined) access = result.globalAccess;
  else warnings.push(result.globalFailure);
  // without the acl that was asked for, everybody would be let in
  if (input.globalAcl && access === undefined) {
    return {
      zones: result.zones.map(failedZone),
      ...(input.version !== undefined && { version: input.version }),
      warnings,
      watch: watchedFiles(input),
    };
  }
  const { tellsNameServers = false, version } = input;
  return {
    zones: result.zones.map((zone) => ({ ...sourceOf(zone), tellsNameServers })),
    ...(version !== undefined && { version }),
    ...(access && { access }),
    warnings,
    watch: watchedFiles(input),
  };
}

function sourceOf(loaded: LoadedZone): ZoneSource {
  return loaded.zone ?? failedZone(loaded);
}

function failedZone({ name, failure = 'the acl of all zones could not be read' }: LoadedZone) {
  return { name, answers: [], groups: [], failed: failure };
}

function watchedFiles({ zones, globalAcl }: RbldnsdZones): string[] {
  const specs = zones.flatMap(({ datasets, acl }) => [...datasets, ...(acl ? [acl] : [])]);
  const files = [...specs, ...(globalAcl ? [globalAcl] : [])].flatMap(({ files: some }) => some);
  return [...new Set(files)];
}
