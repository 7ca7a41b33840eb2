import { rbldnsdServer } from '../dnsbl/rbldnsd-server.js';
import type { RbldnsdSettings } from '../dnsbl/rbldnsd/command-line.js';
import { StatisticsFile } from '../dnsbl/rbldnsd/statistics-file.js';
import { runForeground } from '../dnsbl/server/run-foreground.js';
import type { DnsServer } from '../dnsbl/server/server.js';
import type { Report } from '../dnsbl/server/transport.js';
import {
  holdBackground,
  isInBackground,
  reportReady,
  startInBackground,
} from '../linux/background.js';
import { KernelError } from '../linux/errno.js';
import { type Facility, holdSyslog, writeSyslog } from '../linux/syslog.js';
import { EXIT, type ExitCode, KnownError } from '../util/errors.js';
import { warn } from './output.js';

const TAG = 'rbldnsd';

/** Serves as `rbldnsd` would: without `-n` from the background, which systemd does not want. */
export async function serveRbldnsd(settings: RbldnsdSettings): Promise<ExitCode> {
  const stays = settings.foreground || Boolean(process.env['NOTIFY_SOCKET']);
  if (stays) return serve(settings, toStandardError);
  if (!isInBackground()) {
    const writesOut = settings.log !== undefined && settings.log.path === undefined;
    return (await startInBackground(writesOut)) ? EXIT.done : EXIT.failed;
  }
  if (settings.root !== undefined) holdOutside();
  const report = toSyslog(settings);
  let isReady = false;
  const both: Report = (level, text) => {
    if (!isReady) toStandardError(level, text);
    report(level, text);
  };
  try {
    return await serve(settings, both, () => {
      isReady = true;
      reportReady();
    });
  } catch (error) {
    if (error instanceof KnownError) report('error', error.message);
    throw error;
  }
}

async function serve(
  settings: RbldnsdSettings,
  report: Report,
  onReady: () => void = () => undefined,
): Promise<ExitCode> {
  const { statistics, quickStart, checkIntervalSeconds } = settings;
  const file = statistics && new StatisticsFile(statistics.path, statistics.isRelative, report);
  let server: DnsServer | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await runForeground({
      settings: {
        ...(await rbldnsdServer(settings)),
        ...(quickStart && { onOpen: onReady }),
      },
      report,
      onServer: (made) => (server = made),
      onReady: () => {
        if (!quickStart) onReady();
        file?.begin(Date.now());
        if (file === undefined || checkIntervalSeconds === 0) return;
        const work = (): void => {
          if (server) file.write(server.statistics(), Date.now());
        };
        timer = setInterval(work, Math.min(2 ** 31 - 1, checkIntervalSeconds * 1000)).unref();
      },
      onStatistics: (snapshot, why) => {
        file?.write(snapshot, Date.now());
        if (why !== 'asked') file?.begin(Date.now());
      },
    });
  } finally {
    clearInterval(timer);
  }
}

const toStandardError: Report = (_, text) => {
  for (const line of text.split('\n')) warn(line);
};

/** What lies outside of a root folder, and is wanted later. */
function holdOutside(): void {
  holdBackground();
  try {
    holdSyslog();
  } catch (error) {
    // a system without a log has no other place to be told of that
    if (!(error instanceof KernelError)) throw error;
  }
}

function toSyslog({ facility }: RbldnsdSettings): Report {
  const name = facility as Facility;
  return (level, text) => {
    for (const line of text.split('\n')) {
      // a system without a log has no other place to be told of that
      writeSyslog(name, level, TAG, line).catch(() => undefined);
    }
  };
}
