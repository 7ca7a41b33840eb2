/** What starts the program: each has files of its own, and several may stand side by side. */
export const SERVICE_KINDS = ['systemd', 'openrc', 'cron'] as const;
export type ServiceKind = (typeof SERVICE_KINDS)[number];

/** The configuration that is read, and written where there is none. */
export const CONFIG_FILE = '/etc/sekisho/sekisho.yaml';
/** What `install` wrote, for the next `install` and for `uninstall`. */
export const RECORD_FILE = '/etc/sekisho/.installed.json';
/** The shell script that loads the last applied rules without Node.js. */
export const LOAD_SCRIPT = '/usr/local/lib/sekisho/load-firewall';
/** Folder of the logs of services that have no journal. */
export const LOG_FOLDER = '/var/log/sekisho';

/** Units in the order in which they are stopped. The boot unit opens nothing when it stops. */
export const SYSTEMD_UNITS = [
  'sekisho-update.timer',
  'sekisho-update.service',
  'sekisho.service',
  'sekisho-dnsbl.service',
  'sekisho-firewall.service',
] as const;
export const UNIT_FOLDER = '/etc/systemd/system';

export const OPENRC_SERVICES = ['sekisho', 'sekisho-dnsbl', 'sekisho-firewall'] as const;
export const OPENRC_FOLDER = '/etc/init.d';

/** A file that is to be there. */
export interface WantedFile {
  /** Absolute, without prefix. */
  readonly path: string;
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
  /** An example belongs to whoever finds it: it is written where there is none, and never again. */
  readonly kind: 'part' | 'example';
}
