import { existsSync } from 'node:fs';

/** Where a configuration is looked for when the command line names none. */
export const DEFAULT_PATHS = ['./sekisho.yaml', '/etc/sekisho/sekisho.yaml'] as const;

/** The configuration file to use: the one named, else the first default that exists. */
export function findConfigFile(named?: string): string | undefined {
  return named ?? DEFAULT_PATHS.find((candidate) => existsSync(candidate));
}
