import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { type TestContext, test } from 'vitest';

const { env } = process;

/** An environment variable; one that is empty counts as not set. */
const setting = (name: string): string | undefined => env[name] || undefined;

/** Where `scripts/test-programs` leaves the wrappers of what the machine lacks. */
export const wrapperFolder = resolve(
  setting('SEKISHO_TEST_PROGRAMS') ??
    join(setting('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'sekisho', 'test-programs'),
  'bin',
);

/** The tree into which `scripts/test-programs` has unpacked a package, as far as it had to. */
export function unpackedPackage(group: string): string {
  return join(wrapperFolder, '../packages', group);
}

/**
 * PATH for a program under test, and for whatever it starts in turn: the machine's
 * own programs first, as in `scripts/test-programs`, and the wrappers last.
 */
export const searchPath = [
  ...(env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== wrapperFolder),
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
  wrapperFolder,
].join(delimiter);

/** The full path of a program, or undefined if neither machine nor cache has it. */
export function findProgram(name: string): string | undefined {
  if (isAbsolute(name)) return isExecutable(name) ? name : undefined;
  return searchPath
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // not there, or not for us
  }
}

export const isRoot = process.getuid?.() === 0;

let namespaces: boolean | undefined;

/** Root alone is not enough for a network namespace: a container may forbid it. */
function hasNamespaces(): boolean {
  namespaces ??=
    isRoot &&
    findProgram('ip') !== undefined &&
    spawnSync('unshare', ['--net', '--mount', 'true'], { timeout: 10_000 }).status === 0;
  return namespaces;
}

/** A program's name, or one of the words `root` and `namespace`. */
export type Need = string;

function isMet(need: Need): boolean {
  if (need === 'root') return isRoot;
  if (need === 'namespace') return hasNamespaces();
  return findProgram(need) !== undefined;
}

/** What of this the machine lacks, as `needs nft, root`; undefined if nothing. */
export function missing(...needs: Need[]): string | undefined {
  const unmet = needs.filter((need) => !isMet(need));
  return unmet.length > 0 ? `needs ${unmet.join(', ')}` : undefined;
}

/**
 * A test that needs real programs, root or a network namespace. What is lacking
 * stands in the name of the skipped test. With SEKISHO_REQUIRE_SYSTEM=1 the test
 * fails instead, so that a machine which is meant to run it cannot quietly stop.
 */
export function systemTest(
  name: string,
  needs: readonly Need[],
  body: (context: TestContext) => void | Promise<void>,
  timeoutMs?: number,
): void {
  const reason = missing(...needs);
  if (reason === undefined) {
    test(name, timeoutMs === undefined ? {} : { timeout: timeoutMs }, body);
  } else if (env['SEKISHO_REQUIRE_SYSTEM'] === '1') {
    test(name, () => {
      throw new Error(`${reason}: see scripts/test-programs, or unset SEKISHO_REQUIRE_SYSTEM`);
    });
  } else {
    test.skip(`${name} [skipped: ${reason}]`, body);
  }
}
