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
    name: 'block',
    summary: 'deny addresses by hand, at once',
    load: async () => ({ define: (await import('./by-hand.js')).defineBlock }),
  },
  {
    name: 'unblock',
    summary: 'take addresses off the list that `block` writes',
    load: async () => ({ define: (await import('./by-hand.js')).defineUnblock }),
  },
  {
    name: 'allow',
    summary: 'always let addresses in',
    load: async () => ({ define: (await import('./by-hand.js')).defineAllow }),
  },
  {
    name: 'disallow',
    summary: 'take addresses off the list that `allow` writes',
    load: async () => ({ define: (await import('./by-hand.js')).defineDisallow }),
  },
  {
    name: 'list',
    summary: 'show a list that is kept by hand: entries, time left, reason, author',
    load: () => import('./list.js'),
  },
  {
    name: 'plan',
    summary: 'show what an apply would change in the kernel',
    load: () => import('./firewall/plan.js'),
  },
  {
    name: 'apply',
    summary: 'make the kernel hold what the configuration says',
    load: () => import('./firewall/apply.js'),
  },
  {
    name: 'confirm',
    summary: 'keep what `apply --confirm` applied',
    load: async () => ({ define: (await import('./firewall/rollback.js')).defineConfirm }),
  },
  {
    name: 'rollback',
    summary: 'go back to what was before the last apply',
    load: () => import('./firewall/rollback.js'),
  },
  {
    name: 'status',
    summary: 'how everything stands: data, updates, lists, firewall and drift, DNSBL, warnings',
    load: () => import('./status.js'),
  },
  {
    name: 'flush',
    summary: 'take everything of ours out of the kernel',
    load: () => import('./firewall/flush.js'),
  },
  {
    name: 'report',
    summary: 'what was denied: by address, country, list or day',
    load: () => import('./report.js'),
  },
  {
    name: 'run',
    summary: 'the daemon: updates by the schedule, firewall, DNSBL and reports kept going',
    load: () => import('./run.js'),
  },
  {
    name: 'serve',
    summary: 'the DNSBL, in the foreground',
    load: () => import('./serve.js'),
  },
  {
    name: 'milter',
    summary: 'the milter for Postfix and sendmail, in the foreground',
    load: () => import('./milter.js'),
  },
  {
    name: 'rbldnsd',
    summary: "serve rbldnsd's zone files, with rbldnsd's own arguments",
    load: () => import('./rbldnsd.js'),
  },
  {
    name: 'install',
    summary: 'write service units, boot unit, cron line and an example configuration',
    load: () => import('./install.js'),
  },
  {
    name: 'uninstall',
    summary: 'take away what `install` wrote',
    load: async () => ({ define: (await import('./install.js')).defineUninstall }),
  },
  {
    name: 'mta',
    summary: "a mail server's configuration, printed for the zones, and what is wrong with one",
    load: () => import('./mta.js'),
  },
  {
    name: 'config',
    summary: 'check the configuration, print an example, show what is in force',
    load: () => import('./config.js'),
  },
];
