import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { type Command, Option } from 'commander';

import { nextSteps } from '../install/next-steps.js';
import { passingPlaces } from '../install/passing-places.js';
import { BESIDE, type Placed, placeFiles } from '../install/place-files.js';
import { CONFIG_FILE, RECORD_FILE, SERVICE_KINDS, type ServiceKind } from '../install/places.js';
import { readRecord } from '../install/record.js';
import { changedFiles, removeFiles, removeState } from '../install/remove-files.js';
import { isSystemdRunning, reloadUnits, stopServices } from '../install/service-manager.js';
import { installSettings } from '../install/settings.js';
import { wantedFiles } from '../install/wanted-files.js';
import { EXIT, type ExitCode, UsageError } from '../util/errors.js';
import type { CommandModule } from './command-module.js';
import { warn, writeOut } from './output.js';

type InstallOptions = Partial<Record<ServiceKind, boolean>> & {
  readonly prefix: string;
  readonly config: string;
};

interface UninstallOptions {
  readonly prefix: string;
  readonly purge?: boolean;
}

export const define: CommandModule['define'] = (command: Command, run) => {
  command
    .option('--systemd', 'units for the daemon, the DNSBL alone, a timer, and the boot')
    .option('--openrc', 'services for the daemon, the DNSBL alone, and the boot')
    .option('--cron', 'a line for cron')
    .addOption(prefixOption())
    .option('-c, --config <file>', 'the configuration that services read', CONFIG_FILE)
    .action(async (options: InstallOptions) => run(() => install(options)));
};

export const defineUninstall: CommandModule['define'] = (command: Command, run) => {
  command
    .addOption(prefixOption())
    .option('--purge', 'also remove the state folder, with all data in it')
    .action(async (options: UninstallOptions) => run(() => uninstall(options)));
};

/** As DESTDIR is to packagers. */
function prefixOption(): Option {
  return new Option(
    '--prefix <dir>',
    'put everything below this folder; the files themselves go on naming paths without it',
  ).default('/');
}

async function install(options: InstallOptions): Promise<ExitCode> {
  const kinds = SERVICE_KINDS.filter((kind) => options[kind]);
  if (kinds.length === 0) {
    throw new UsageError(
      'found nothing to install for; expected one or more of --systemd, --openrc and --cron',
    );
  }
  const prefix = resolve(options.prefix);
  const settings = installSettings(prefix, resolve(options.config));
  for (const text of passingPlaces(settings)) warn(`warning: ${text}`);
  const placed = placeFiles(prefix, wantedFiles(kinds, settings), settings.state);
  await writeOut(placed.map((each) => `${outcomeText(each)}\n`));
  const isHost = prefix === '/';
  if (isHost && kinds.includes('systemd') && isSystemdRunning()) await tell(reloadUnits());
  if (isHost) await writeOut(nextSteps(kinds, settings).map((line) => `${line}\n`));
  const left = placed.filter(({ outcome }) => outcome === 'left');
  for (const { path } of left) {
    warn(`${path} is not as it was installed: it was left, and ${path}${BESIDE} is the new text`);
  }
  return left.length > 0 ? EXIT.partial : EXIT.done;
}

function outcomeText({ path, outcome }: Placed): string {
  const text = { written: 'wrote', replaced: 'replaced', same: 'unchanged', kept: 'kept' };
  return outcome === 'left' ? `wrote     ${path}${BESIDE}` : `${text[outcome].padEnd(9)} ${path}`;
}

async function uninstall(options: UninstallOptions): Promise<ExitCode> {
  const prefix = resolve(options.prefix);
  const record = readRecord(prefix);
  if (record === undefined) {
    throw new UsageError(
      `found no ${RECORD_FILE} below ${prefix}; expected what \`sekisho install\` writes there. ` +
        'Nothing was installed, or with another --prefix',
    );
  }
  const isHost = prefix === '/';
  if (isHost) {
    const changed = changedFiles(prefix, record);
    const going = Object.keys(record.files).filter((path) => !changed.includes(path));
    for (const text of await stopServices(going)) warn(`warning: ${text}`);
  }
  const isPurged = options.purge === true && removeState(prefix, record);
  const removed = removeFiles(prefix, record);
  if (isHost && isSystemdRunning()) await tell(reloadUnits());
  for (const { path, outcome } of removed) {
    const isLeft = outcome === 'left';
    await writeOut([
      `${isLeft ? 'left     ' : 'removed  '} ${path}${isLeft ? ' (changed)' : ''}\n`,
    ]);
  }
  const isGone = isPurged || !existsSync(join(prefix, record.state));
  await writeOut([`${isGone ? 'removed  ' : 'left     '} ${record.state}\n`]);
  if (options.purge === true && !isPurged) {
    warn(`${record.state} was not made by sekisho install: remove it yourself if nobody needs it`);
  }
  if (isHost) {
    await writeOut(['The rules that were applied stay in the kernel until: sekisho flush\n']);
  }
  return options.purge === true && !isPurged ? EXIT.partial : EXIT.done;
}

/** The files are right; a service manager that does not answer is told of, and no failure. */
async function tell(complaint: Promise<string | undefined>): Promise<void> {
  const text = await complaint;
  if (text !== undefined) warn(`warning: ${text}`);
}
