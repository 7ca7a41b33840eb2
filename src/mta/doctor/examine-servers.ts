import { KnownError, SystemError, codeOf, messageOf } from '../../util/errors.js';
import { checkOutcomes } from './check/outcome.js';
import { type ServerFacts, checkZoneUse } from './check/zone-use.js';
import type { DoctorOptions } from './doctor-options.js';
import { type Finding, finding } from './finding.js';
import { MAIL_SERVERS } from './server/index.js';
import type { MailServer } from './server/mail-server.js';
import type { ExpectedZone } from './zones.js';

/** Everything that mail servers say of themselves. */
export async function examineServers(
  zones: readonly ExpectedZone[],
  options: DoctorOptions,
): Promise<Finding[]> {
  const wanted = MAIL_SERVERS.filter(({ name }) => options.servers?.includes(name) ?? true);
  const looks = await Promise.all(wanted.map((server) => lookAt(server, zones, options)));
  const faults = looks.flatMap((one) => (one && 'fault' in one ? [one.fault] : []));
  const found = looks.flatMap((one) => (one && 'facts' in one ? [one] : []));
  if (found.length === 0 && faults.length === 0) {
    return [finding('no-mail-server', { MISSING: wanted.map(({ name }) => name).join(', ') })];
  }
  return [
    ...found.map(({ facts }) =>
      finding('mail-server', { PROGRAM: facts.title, PLACE: facts.place }),
    ),
    ...faults,
    ...checkZoneUse(zones, found),
    ...found.flatMap((one) => [...one.facts.findings, ...checkOutcomes(zones, one)]),
  ];
}

async function lookAt(
  server: MailServer,
  zones: readonly ExpectedZone[],
  { file, programTimeoutMs: timeoutMs }: DoctorOptions,
): Promise<ServerFacts | { readonly fault: Finding } | undefined> {
  try {
    const look = server.look({ zones, timeoutMs, ...(file !== undefined && { file }) });
    const facts = await within(look, 2 * timeoutMs);
    return facts && { server, facts };
  } catch (error) {
    // what a system call or a program refused is a finding; anything else is a defect
    if (!(error instanceof KnownError) && codeOf(error) === undefined) throw error;
    const REASON = messageOf(error).replaceAll(/\s*\n\s*/g, '; ');
    return { fault: finding('not-checked', { WHAT: server.name, REASON }) };
  }
}

/** Several programs are run after each other, each with its own limit. */
async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    const error = new SystemError(`it was not done within ${timeoutMs / 1000} s`);
    timer = setTimeout(() => reject(error), timeoutMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
