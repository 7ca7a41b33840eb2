import type { Command } from 'commander';

import { type RbldnsdSettings, parseCommandLine } from '../dnsbl/rbldnsd/command-line.js';
import { dumpZone } from '../dnsbl/rbldnsd/dump-zone.js';
import { type LoadResult, loadZones } from '../dnsbl/rbldnsd/load-zones.js';
import { USAGE } from '../dnsbl/rbldnsd/usage.js';
import { changeRoot } from '../linux/change-root.js';
import { EXIT, type ExitCode, KnownError, SystemError } from '../util/errors.js';
import { packageVersion } from '../util/version.js';
import { workIn } from '../util/working-folder.js';
import type { CommandModule } from './command-module.js';
import { warn, writeOut } from './output.js';
import { serveRbldnsd } from './rbldnsd-serve.js';

/** Serves until it is told to end. */
export type Serve = (settings: RbldnsdSettings) => Promise<ExitCode>;

/** rbldnsd's arguments go by commander unread. */
export const define: CommandModule['define'] = (command: Command, run) => {
  command
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .passThroughOptions()
    .argument('[words...]')
    .usage('options zone:type:file,file...')
    .action(async () => run(() => runRbldnsd(command.args, serveRbldnsd)));
};

/** Ends with rbldnsd's own codes: 0, or 1 for every error. */
export async function runRbldnsd(argv: readonly string[], serve: Serve): Promise<ExitCode> {
  if (argv.length === 0) {
    await writeOut([USAGE]);
    return EXIT.failed;
  }
  try {
    const settings = parseCommandLine(argv);
    if (settings === 'help') {
      await writeOut([USAGE]);
      return EXIT.done;
    }
    return await (settings.mode === 'dump' ? dump(settings) : serve(settings));
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    for (const line of error.message.split('\n')) warn(line);
    return EXIT.failed;
  }
}

/** `-d`: all zones on standard output, or nothing where one of them cannot be read. */
async function dump({ load, root, workingFolder }: RbldnsdSettings): Promise<ExitCode> {
  const version = packageVersion(); // which lies outside of a root folder
  if (root !== undefined) changeRoot(root);
  if (workingFolder !== undefined) workIn(workingFolder);
  const loaded = loadZones({ ...load, settings: { ...load.settings, nowMs: Date.now() } });
  tellLoad(loaded);
  const failed = loaded.zones.find(({ zone }) => zone === undefined);
  if (failed !== undefined) throw new SystemError('not all zones could be read; nothing is dumped');
  await writeOut([`; zone dump made by sekisho ${version}\n`]);
  for (const { zone } of loaded.zones) if (zone !== undefined) await writeOut(dumpZone(zone));
  return EXIT.done;
}

/** What was wrong in the files, on standard error. */
function tellLoad({ datasets }: LoadResult): void {
  for (const { failure, warnings, warningCount } of datasets) {
    for (const { file, line, found, expected } of warnings) {
      warn(`${file}:${line}: found ${JSON.stringify(found)}, expected ${expected}`);
    }
    const more = warningCount - warnings.length;
    if (more > 0) warn(`${more} more lines like these`);
    if (failure !== undefined) warn(failure);
  }
}
