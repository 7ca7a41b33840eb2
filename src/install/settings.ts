import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';

import { type LoadedConfig, parseConfig } from '../config/load.js';
import { UsageError } from '../util/errors.js';
import { PROGRAM_PATH } from '../util/program-path.js';
import { systemErrorOf } from '../util/system-error.js';

/** What files of services are filled in with. Paths are absolute and without prefix. */
export interface InstallSettings {
  /** The Node.js that runs now. */
  readonly node: string;
  /** The file that starts this program. */
  readonly main: string;
  readonly config: string;
  readonly state: string;
  /** Folders outside of the state in which services replace files. */
  readonly writable: readonly string[];
  /** Cron expression of five fields. */
  readonly schedule: string;
  readonly queryLog: string | undefined;
}

/**
 * Takes from the configuration what the files of services have to name; from the defaults where
 * there is none yet.
 *
 * @param prefix folder below which everything is put; `/` where it is the host itself
 * @throws UsageError where the configuration is wrong, or a path has a character that unit files,
 *   crontabs and shells each read in their own way
 */
export function installSettings(
  prefix: string,
  config: string,
  program = { node: process.execPath, main: PROGRAM_PATH },
): InstallSettings {
  const loaded = parseConfig(readText(join(prefix, config)), config);
  const settings: InstallSettings = {
    ...program,
    config,
    state: loaded.resolvePath(loaded.config.state),
    writable: writableFolders(loaded, config),
    schedule: loaded.config.schedule ?? defaultSchedule(),
    queryLog: queryLogOf(loaded),
  };
  const { node, main, state, writable, queryLog } = settings;
  for (const path of [node, main, config, state, ...writable, queryLog ?? '/']) assertPlain(path);
  return settings;
}

/** The same minute on the same host each time, another on others: registries serve many. */
export function defaultSchedule(host = hostname()): string {
  const [byte = 0] = createHash('sha256').update(host).digest();
  return `${byte % 60} 4 * * *`;
}

function readText(path: string): string {
  if (!existsSync(path)) return '';
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw systemErrorOf(error, 'cannot read the configuration', path);
  }
}

/** The configuration's own folder, to which its paths are relative, and those outside of it. */
function writableFolders(loaded: LoadedConfig, config: string): string[] {
  const { lists, exports, milter } = loaded.config;
  const files = [
    ...Object.values(lists).flatMap(({ file }) => file ?? []),
    // a folder may have the name of a list
    ...exports.map(({ file }) => file.replace(/\{.*$/s, '-')),
    ...(milter?.listen ?? []).flatMap((place) => ('path' in place ? [place.path] : [])),
  ].map((path) => loaded.resolvePath(path));
  const log = queryLogOf(loaded);
  const folders = new Set([config, ...files, ...(log === undefined ? [] : [log])].map(dirname));
  return [...folders].filter(
    (folder) => ![...folders].some((other) => other !== folder && isBelow(folder, other)),
  );
}

function queryLogOf(loaded: LoadedConfig): string | undefined {
  const file = loaded.config.dnsbl?.query_log.file;
  return file === undefined ? undefined : loaded.resolvePath(file);
}

/** Whether a path is a folder or in it. */
export function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

function assertPlain(path: string): void {
  const odd = /[^\p{L}\p{N} /._,:+~=@-]|@[A-Z_]+@/u.exec(path);
  if (odd === null) return;
  throw new UsageError(
    `found ${JSON.stringify(odd[0])} in the path ${path}; expected letters, digits, ` +
      'blanks and /._,:+~=@- only, since units, crontabs and shells read others each in their ' +
      'own way: choose another place',
  );
}
