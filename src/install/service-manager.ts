import { existsSync } from 'node:fs';

import { runProgram } from '../util/run-program.js';
import { OPENRC_FOLDER, OPENRC_SERVICES, SYSTEMD_UNITS, UNIT_FOLDER } from './places.js';

/** Stopping a service may take as long as its unit allows it. */
const STOP_WAIT_MS = 120_000;

/** Whether systemd runs this host (sd_booted(3)). */
export function isSystemdRunning(): boolean {
  return existsSync('/run/systemd/system');
}

/**
 * Lets systemd read its unit files again, which stops and starts nothing.
 *
 * @returns what it complained about, if it did
 */
export async function reloadUnits(): Promise<string | undefined> {
  return complaint('systemctl', ['daemon-reload'], 'the Debian package systemd');
}

/**
 * Stops services whose files are about to be removed, and starts them no more at boot.
 *
 * @param paths of the files
 * @returns what service managers complained about
 */
export async function stopServices(paths: readonly string[]): Promise<string[]> {
  const units = SYSTEMD_UNITS.filter((name) => paths.includes(`${UNIT_FOLDER}/${name}`));
  const services = OPENRC_SERVICES.filter((name) => paths.includes(`${OPENRC_FOLDER}/${name}`));
  const complaints: (string | undefined)[] = [];
  if (units.length > 0 && isSystemdRunning()) {
    const words = ['disable', '--now', '--quiet', ...units];
    complaints.push(await complaint('systemctl', words, 'the Debian package systemd'));
  }
  if (services.length > 0 && existsSync('/run/openrc')) {
    for (const service of services) {
      const words = ['--ifstarted', service, 'stop'];
      complaints.push(await complaint('rc-service', words, 'the package openrc'));
      // fails where the service is in no runlevel, which is as good
      await complaint('rc-update', ['--all', 'delete', service], 'the package openrc');
    }
  }
  return complaints.filter((text) => text !== undefined);
}

async function complaint(
  program: string,
  args: readonly string[],
  origin: string,
): Promise<string | undefined> {
  const { code, stdout, stderr } = await runProgram(program, args, {
    origin,
    timeoutMs: STOP_WAIT_MS,
  });
  if (code === 0) return undefined;
  const said = `${stderr}${stdout}`.trim() || `ended with ${code}`;
  return `${program} ${args.join(' ')}: ${said}`;
}
