import type { LoadedConfig } from '../../config/load.js';
import { UsageError } from '../../util/errors.js';
import type { DoctorOptions } from './doctor-options.js';
import { examineNames } from './examine-names.js';
import { examineServers } from './examine-servers.js';
import type { Finding } from './finding.js';
import { expectedZones, keyHider } from './zones.js';

/**
 * Looks at the DNSBL, the resolvers and the mail servers of this host, side by side; changes
 * nothing. No finding holds the key of a zone.
 *
 * @throws UsageError where the configuration has no zones
 */
export async function diagnose(loaded: LoadedConfig, options: DoctorOptions): Promise<Finding[]> {
  const zones = expectedZones(loaded.config);
  if (zones.length === 0) {
    const name = loaded.file ?? 'the configuration';
    throw new UsageError(
      `${name} has no zone below dnsbl.zones; expected at least one, which mail servers are to ask`,
    );
  }
  const hideKeys = keyHider(loaded.config);
  const [fromNames, fromServers] = await Promise.all([
    examineNames(loaded, zones, options),
    examineServers(zones, options),
  ]);
  return [...fromNames, ...fromServers].map(({ text, cure, ...rest }) => ({
    ...rest,
    text: hideKeys(text),
    ...(cure !== undefined && { cure: hideKeys(cure) }),
  }));
}
