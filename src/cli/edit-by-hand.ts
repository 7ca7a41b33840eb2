import type { LoadedConfig } from '../config/load.js';
import type { ListEdit } from '../jobs/edit-list.js';
import { isMadeOf } from '../lists/definitions.js';
import type { ManualText } from '../lists/manual-text.js';
import { EXIT, type ExitCode, KnownError, UsageError } from '../util/errors.js';
import { type DataOptions, openListsOf } from './data-options.js';
import { VOICE, note, warn, writeOut } from './output.js';
import { withStateLock } from './state-lock.js';

/** How long others may hold the lock of the state before this gives up. */
const LOCK_WAIT_MS = 120_000;

/**
 * Changes a list kept by hand, and brings the change into the kernel and to the zones that have it.
 *
 * @throws KnownError where the list was not changed, or the kernel was not, which is said
 */
export async function edit(
  loaded: LoadedConfig,
  options: DataOptions,
  list: string,
  work: (text: ManualText) => void,
): Promise<ExitCode> {
  const { editList } = await import('../jobs/edit-list.js');
  const code = await withStateLock(
    loaded,
    'sekisho block',
    async (): Promise<ExitCode> => {
      const edited = editList(loaded, list, work);
      if (edited.isChanged) await tellZones(loaded, list);
      try {
        return await follow(loaded, options, list, edited);
      } catch (error) {
        if (!(error instanceof KnownError)) throw error;
        if (edited.isChanged) {
          warn(`list ${list} was changed, and the kernel was not; the next update tries again`);
        }
        throw error;
      }
    },
    LOCK_WAIT_MS,
  );
  return code ?? EXIT.failed;
}

/** Where the list could not be changed alone in the kernel, the whole firewall is applied. */
async function follow(
  loaded: LoadedConfig,
  options: DataOptions,
  list: string,
  { isChanged, kernel }: ListEdit,
): Promise<ExitCode> {
  if (kernel === undefined) {
    if (isChanged && loaded.config.firewall !== undefined) {
      note('the kernel waits for the first `sekisho apply`');
    }
    return EXIT.done;
  }
  if (kernel === 'waiting') {
    const { followWaiting } = await import('../jobs/follow-waiting.js');
    return (await followWaiting(loaded, list, VOICE)) ? EXIT.done : EXIT.partial;
  }
  if (kernel.done) {
    kernel.writeBoot();
    return EXIT.done;
  }
  note(`the whole firewall is applied: ${kernel.reason}`);
  const opened = await openAll(loaded, options);
  if (opened instanceof KnownError) return followAlone(loaded, list, opened);
  const { applyUnattended } = await import('../jobs/apply-unattended.js');
  const applied = await applyUnattended(loaded, opened.lists, VOICE);
  return opened.complete ? applied.exitCode : EXIT.partial;
}

/** All lists, or why they cannot be made; a wrong configuration is thrown. */
async function openAll(
  loaded: LoadedConfig,
  options: DataOptions,
): Promise<Awaited<ReturnType<typeof openListsOf>> | KnownError> {
  const { openDataOfLists } = await import('../jobs/open-data.js');
  try {
    const data = await openDataOfLists(loaded, options, VOICE);
    return await openListsOf(loaded, data, options);
  } catch (error) {
    if (!(error instanceof KnownError) || error instanceof UsageError) throw error;
    return error;
  }
}

/**
 * Without registry data, or another list: what was changed comes into the rules that stand.
 *
 * @throws KnownError the reason, where it does not
 */
async function followAlone(
  loaded: LoadedConfig,
  list: string,
  reason: KnownError,
): Promise<ExitCode> {
  const { followWaiting } = await import('../jobs/follow-waiting.js');
  if (!(await followWaiting(loaded, list, VOICE))) throw reason;
  warn(`${reason.message}; list ${list} alone was brought into the rules that stand`);
  return EXIT.partial;
}

/** How long others may go on with the old answer. */
async function tellZones({ config }: LoadedConfig, list: string): Promise<void> {
  const zones = (config.dnsbl?.zones ?? []).filter((zone) =>
    [...Object.keys(zone.lists), ...zone.allow].some((name) => isMadeOf(config.lists, name, list)),
  );
  for (const { name, ttl, negative_ttl } of zones) {
    await writeOut([
      `${name}: at once; a resolver in front may keep its old answer for ${ttl / 1000} s, ` +
        `and that an address was not listed for ${negative_ttl / 1000} s\n`,
    ]);
  }
}
