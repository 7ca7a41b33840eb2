import { promises } from 'node:dns';

import { codeOf } from '../../../util/errors.js';
import type { ExpectedZone } from '../zones.js';
import type { Reply } from './ask.js';

/** Codes of c-ares for answers, as DNS names them. */
const RCODES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'NXDOMAIN',
  ENODATA: 'NOERROR',
  ESERVFAIL: 'SERVFAIL',
  EREFUSED: 'REFUSED',
};

/**
 * A of 127.0.0.2, asked by c-ares, which reads resolv.conf and its options itself.
 *
 * @param timeoutMs for each of two tries
 */
export async function askLibrary({ hosts }: ExpectedZone, timeoutMs: number): Promise<Reply> {
  const resolver = new promises.Resolver({ timeout: timeoutMs, tries: 2 });
  try {
    return { rcode: 'NOERROR', records: await resolver.resolve4(`2.0.0.127.${hosts[0] ?? ''}`) };
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    const rcode = RCODES[code];
    return { rcode, records: [], ...(rcode === undefined && { silence: code }) };
  }
}
