import { packageVersion } from '../util/version.js';
import { type ManPageText, manPage } from './man-page.js';
import { describedProgram } from './program.js';

/** What the table of commands does not tell. */
const TEXT: Omit<ManPageText, 'version'> = {
  date: '2026-11-22',
  summary: 'country lists for the firewall, the DNSBL and the mail server',
  sections: [
    [
      'EXIT STATUS',
      [
        '0: done.',
        '1: failed, nothing changed.',
        '2: wrong usage or configuration.',
        '3: done with what could be had; old data is kept for the rest.',
        'status and mta doctor change nothing: 0 healthy, 1 a failure or drift, 2 wrong usage, 3 a warning such as old data.',
      ],
    ],
    [
      'SIGNALS',
      [
        'run, serve and milter end at SIGTERM and SIGINT. SIGHUP reads the configuration again, checks it, and goes on with the old one where it is wrong; it also opens log files anew. SIGUSR1 writes statistics to the log.',
      ],
    ],
    [
      'FILES',
      [
        './sekisho.yaml, then /etc/sekisho/sekisho.yaml: the configuration, unless --config names one. The command "config example" prints a commented one.',
        '/var/lib/sekisho: the state folder (option state): last good downloads, what was applied, what was denied.',
      ],
    ],
    ['SEE ALSO', ['nft(8), ipset(8), iptables(8), rbldnsd(8), postconf(5)']],
  ],
};

/** The page sekisho(8), in roff. */
export async function manual(): Promise<string> {
  return manPage(await describedProgram(), { ...TEXT, version: packageVersion() });
}
