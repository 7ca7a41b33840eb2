import { type Finding, finding } from '../finding.js';
import { parseResolvConf } from '../look/resolv-conf.js';
import type { Service } from '../server/postfix-restrictions.js';

/** What programs of Postfix find that cannot see /etc. */
export interface ChrootFacts {
  readonly services: readonly Service[];
  /** `etc/resolv.conf` below queue_directory. */
  readonly file: string;
  /** Its text; undefined where it is missing. */
  readonly text: string | undefined;
  /** What programs outside of it find. */
  readonly systemFile: string;
  readonly systemText: string;
}

/** Those that ask zones. */
const ASKING = new Set(['smtpd', 'postscreen', 'dnsblog']);

/** Whether Postfix asks the resolver that this host has now; pure. */
export function checkChroot({
  services,
  file,
  text,
  systemFile,
  systemText,
}: ChrootFacts): Finding[] {
  const confined = services.filter((one) => one.isChrooted && ASKING.has(one.command));
  if (confined.length === 0) return [];
  const words = {
    SERVICES: [...new Set(confined.map(({ command }) => command))].join(', '),
    CHROOT_FILE: file,
    RESOLV_CONF: systemFile,
  };
  // the C library then asks 127.0.0.1, as it does where none is named
  const FOUND = parseResolvConf(text ?? '').join(', ');
  const EXPECTED = parseResolvConf(systemText).join(', ');
  if (FOUND === EXPECTED) return [];
  if (text === undefined) return [finding('chroot-no-resolver', words)];
  return [finding('chroot-resolver', { ...words, FOUND, EXPECTED })];
}
