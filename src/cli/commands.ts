import type { CommandModule } from './command-module.js';

/** A command, with all that help needs without loading it. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

/** Every command, in the order in which help shows them. A command's file is loaded when it is called. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'update',
    summary: 'fetch, make the lists, write the files of the configuration: what cron runs',
    load: () => import('./update.js'),
  },
  {
    name: 'fetch',
    summary: 'download what changed at the registries',
    load: () => import('./fetch.js'),
  },
  {
    name: 'export',
    summary: 'write lists in any format, to a file, a folder or standard output',
    load: () => import('./export.js'),
  },
  {
    name: 'countries',
    summary: 'show what each country holds: records, ranges, prefixes, addresses',
    load: () => import('./countries.js'),
  },
  {
    name: 'why',
    summary: 'show every fact that decides over an address',
    load: () => import('./why.js'),
  },
  {
    name: 'config',
    summary: 'check the configuration, print an example, show what is in force',
    load: () => import('./config.js'),
  },
];
