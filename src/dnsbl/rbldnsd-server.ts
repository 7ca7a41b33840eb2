import fs from 'node:fs';

import { UsageError } from '../util/errors.js';
import { builtFile } from '../util/program-path.js';
import { systemErrorOf } from '../util/system-error.js';
import { packageVersion } from '../util/version.js';
import type { RbldnsdSettings } from './rbldnsd/command-line.js';
import { findAddresses } from './rbldnsd/find-addresses.js';
import type { RbldnsdZones } from './rbldnsd/loader.js';
import { findAccount } from '../util/privileges.js';
import type { ServerSettings } from './server/server.js';

/** Module of the loader, from the folder of the built program. */
const LOADER = builtFile('dnsbl/rbldnsd/loader.js').href;

/** Of timers; an interval of more than 24 days need not be kept. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The server that rbldnsd's command line asks for.
 *
 * @throws UsageError for a host, service or user that is not there, and for what cannot be done
 * @throws SystemError from `onBound`, where the pid file or the working folder fails
 */
export async function rbldnsdServer(
  settings: RbldnsdSettings,
): Promise<Omit<ServerSettings, 'report' | 'onServing'>> {
  const { load, version, authoritySection, log, checkIntervalSeconds } = settings;
  const { pidFile, root, workingFolder } = settings;
  const user = await chooseUser(settings);
  const name = version === 'full' ? `sekisho ${packageVersion()}` : 'sekisho';
  const input: RbldnsdZones = {
    ...load,
    tellsNameServers: authoritySection,
    ...(version !== 'refuse' && { version: name }),
  };
  return {
    listen: await findAddresses(settings.bind, settings.family),
    loader: { module: LOADER, input },
    watch: checkIntervalSeconds > 0,
    watchEveryMs: Math.min(LONGEST_TIMER_MS, checkIntervalSeconds * 1000),
    firstLoad: settings.quickStart ? 'none' : 'all',
    ...(pidFile !== undefined && {
      onBound: () => {
        writePid(pidFile);
      },
    }),
    ...(root !== undefined && { root }),
    ...(workingFolder !== undefined && { workingFolder }),
    ...(user !== undefined && { user }),
    ...(log && {
      log: {
        which: 'all',
        sample: 1,
        // as for rbldnsd, a log is no reason not to answer
        ...(log.path === undefined
          ? { toStandardOutput: true }
          : { file: log.path, mayLack: true }),
      },
    }),
  };
}

/** With the rights and the folders of the start, as rbldnsd does. */
function writePid(pidFile: string): void {
  try {
    fs.writeFileSync(pidFile, `${process.pid}\n`);
  } catch (error) {
    throw systemErrorOf(error, 'cannot write the process id to', pidFile);
  }
}

/** `user:group`; root becomes rbldns, or nobody where there is none, and never stays root. */
async function chooseUser({ user, group }: RbldnsdSettings): Promise<string | undefined> {
  if (user === undefined) {
    if (process.getuid?.() !== 0) return undefined;
    return findAccount('rbldns').then(
      () => 'rbldns',
      () => 'nobody',
    );
  }
  // a bare number is the group, too
  const ownGroup = group ?? (/^\d+$/.test(user) ? user : undefined);
  const name = ownGroup === undefined ? user : `${user}:${ownGroup}`;
  const { uid } = await findAccount(name);
  if (uid === 0) throw new UsageError(`-u ${user}: it must not run as root; name another user`);
  return name;
}
