import type { RegistryName } from '../config/registry-names.js';
import { SystemError } from '../util/errors.js';
import { type Copy, fetchCopy } from './download/copy.js';
import { DownloadFailure, hostOf } from './download/failure.js';
import type { Client } from './download/request.js';
import type { LastGood, Predecessors } from './predecessors.js';
import type { Registry } from './registries.js';
import { installFile, writeFacts } from './store.js';
import { type TrustLimits, compareSerials, findJumps, snapshotOf } from './trust.js';

/**
 * How the fetch of one registry ended: a new file is stored; there was nothing new; something
 * came that is not to be trusted; nothing came; the system refused to store it. In all but the
 * first the last good file is as it was.
 */
export type Outcome = 'updated' | 'unchanged' | 'refused' | 'unreachable' | 'failed';

export interface RegistryOutcome {
  readonly registry: RegistryName;
  readonly outcome: Outcome;
  /** One line with hosts and reasons; empty where the outcome is no fault. */
  readonly message: string;
  /** Remarks that are no fault: a mirror was used, there is no md5. */
  readonly notes: readonly string[];
  /** As in the header of the last good file before; undefined where there was none. */
  readonly oldSerial: string | undefined;
  /** The same after. */
  readonly newSerial: string | undefined;
}

/** What the fetches of one run share. */
export interface FetchContext {
  readonly state: string;
  readonly client: Client;
  readonly predecessors: Predecessors;
  readonly trust: TrustLimits;
  /** Registries whose next file is taken without a look at its predecessor. */
  readonly accept: ReadonlySet<RegistryName>;
  readonly onBytes: (registry: RegistryName, received: number, total: number | undefined) => void;
}

/**
 * Brings one registry up to date: its own URL first, then the mirrors, until one has a file
 * that may follow the last good one.
 *
 * A copy that is damaged is looked for elsewhere; one that is whole and not plausible is not:
 * the mirrors copy what the registry publishes. Where a copy was refused, a mirror that has
 * nothing new does not make up for it: the mirror may be behind.
 */
export async function fetchRegistry(
  registry: Registry,
  context: FetchContext,
): Promise<RegistryOutcome> {
  const { name } = registry;
  const last = context.predecessors.get(name);
  const stale = context.predecessors.notes.get(name);
  const notes: string[] = stale === undefined ? [] : [stale];
  const failures: DownloadFailure[] = [];
  let nothingNew = false;

  const ended = (outcome: Outcome, message = '', newSerial = last?.serial): RegistryOutcome => {
    // what went wrong on the way to success is a remark
    const fine = outcome === 'updated' || outcome === 'unchanged';
    const remarks = fine ? [...failures.map((failure) => failure.message), ...notes] : notes;
    const serials = { oldSerial: last?.serial, newSerial };
    return { registry: name, outcome, message, notes: remarks, ...serials };
  };
  const failuresText = (): string => failures.map((failure) => failure.message).join('; ');

  try {
    for (const [index, url] of registry.urls.entries()) {
      const copy = await tryUrl(url, name, last, context);
      if (copy instanceof DownloadFailure) {
        failures.push(copy);
        continue;
      }
      if (copy === 'not modified' || copy.sha256 === last?.sha256) {
        // the same bytes again: the server's validators may be new
        if (copy !== 'not modified') writeFacts(context.state, name, factsOf(copy));
        nothingNew = true;
        break;
      }
      const verdict = judge(copy, name, index === 0, context);
      if (verdict.kind === 'take') {
        installFile(context.state, name, copy.bytes, factsOf(copy));
        notes.push(...copy.notes);
        return ended('updated', '', copy.file.header.serial);
      }
      if (verdict.kind === 'refuse') {
        failures.push(new DownloadFailure(url, verdict.reason, { kind: 'refused' }));
        break;
      }
      nothingNew = true;
      notes.push(`${hostOf(url)} has nothing newer than ${last?.serial ?? ''}`);
      if (verdict.kind === 'same') break;
    }
  } catch (error) {
    if (error instanceof SystemError) return ended('failed', error.message);
    throw error;
  }
  if (failures.some((failure) => failure.kind === 'refused')) {
    return ended('refused', failuresText());
  }
  return nothingNew ? ended('unchanged') : ended('unreachable', failuresText());
}

async function tryUrl(
  url: string,
  name: RegistryName,
  last: LastGood | undefined,
  context: FetchContext,
): Promise<Copy | 'not modified' | DownloadFailure> {
  const facts = last?.facts;
  // validators are those of one server
  const conditional =
    facts?.url === url && (facts.etag !== undefined || facts.lastModified !== undefined);
  try {
    return await fetchCopy(context.client, name, url, {
      knownSha256: last?.sha256,
      onBytes: (received, total) => {
        context.onBytes(name, received, total);
      },
      ...(conditional ? { unless: { etag: facts.etag, lastModified: facts.lastModified } } : {}),
    });
  } catch (error) {
    if (error instanceof DownloadFailure) return error;
    throw error;
  }
}

type Verdict =
  | { readonly kind: 'take' }
  /** Nothing new: the serial is the last good one's, or older than that. */
  | { readonly kind: 'same' | 'older' }
  | { readonly kind: 'refuse'; readonly reason: string };

/** Whether a whole file may follow the last good one. */
function judge(
  copy: Copy,
  registry: RegistryName,
  isOwnUrl: boolean,
  { predecessors, trust, accept }: FetchContext,
): Verdict {
  // before any file is replaced, whatever becomes of this one
  const totals = predecessors.totals();
  const last = predecessors.snapshot(registry);
  if (last === undefined) return { kind: 'take' };
  const file = snapshotOf(copy.file);
  const order = compareSerials(file, last);
  const advice = `if that is right: sekisho fetch --accept ${registry}`;
  if (!isOwnUrl && order !== 'newer') return { kind: order === 'equal' ? 'same' : 'older' };
  if (accept.has(registry)) return { kind: 'take' };
  if (order === 'equal') return { kind: 'same' };
  if (order === 'older') {
    const reason = `its serial goes back from ${last.serial} to ${file.serial}; ${advice}`;
    return { kind: 'refuse', reason };
  }
  const jumps = findJumps(file, last, totals, trust);
  if (jumps.length === 0) return { kind: 'take' };
  const more = jumps.length > 3 ? `; and ${jumps.length - 3} more` : '';
  return { kind: 'refuse', reason: `${jumps.slice(0, 3).join('; ')}${more}; ${advice}` };
}

function factsOf(copy: Copy): Parameters<typeof writeFacts>[2] {
  return {
    url: copy.url,
    etag: copy.etag,
    lastModified: copy.lastModified,
    serial: copy.file.header.serial,
    edition: copy.file.edition,
    size: copy.bytes.length,
    sha256: copy.sha256,
    fetchedAt: new Date().toISOString(),
  };
}
