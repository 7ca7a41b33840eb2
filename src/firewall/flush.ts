import { KnownError, messageOf } from '../util/errors.js';
import { BACKEND_NAMES, type Backend, type BackendName } from './backend.js';
import { backendNamed, chooseBackend } from './choose.js';
import { flushIptables } from './iptables/flush-variants.js';
import type { FirewallFolder, FirewallMemory } from './generations.js';

/*
 * The last resort: it takes our things out of the kernel in whatever state the files are.
 */

/** Where something of ours may be. */
export interface FlushPlan {
  readonly backends: readonly Backend[];
  /** Undefined where it cannot be read, or is lost. */
  readonly memory: FirewallMemory | undefined;
  /** Why it is looked for in more places, or not in one; a line each. */
  readonly notes: readonly string[];
  /** Backends that hold something and cannot be used; a line each. */
  readonly unreachable: readonly string[];
}

/**
 * Every backend that works here: the memory tells what was applied last, not what an apply with
 * another configuration, or a state folder that was lost, has left in the kernel.
 */
export async function planFlush(
  folder: FirewallFolder,
  configured: BackendName | 'auto',
): Promise<FlushPlan> {
  const notes: string[] = [];
  const unreachable: string[] = [];
  const backends: Backend[] = [];
  const memory = readMemory(folder, notes);
  const applied = BACKEND_NAMES.find((name) => name === memory?.current?.backend);
  for (const name of BACKEND_NAMES) {
    const backend = backendNamed(name);
    const obstacle = await backend.findObstacle();
    if (obstacle === undefined) backends.push(backend);
    else if (name === (applied ?? configured)) unreachable.push(`${name}: ${obstacle}`);
    else if (memory === undefined) notes.push(`${name} was not looked at: ${obstacle}`);
  }
  // says why none works
  if (backends.length === 0 && unreachable.length === 0) await chooseBackend('auto');
  return { backends, memory, notes, unreachable };
}

/**
 * Takes away everything of ours, and forgets; a confirmation that was waited for with it.
 *
 * @returns what was left undone, a line each. Where the kernel may still hold something, the
 *   backend stays remembered, so that the next flush looks there again
 */
export async function flush(
  folder: FirewallFolder,
  { backends, memory, unreachable }: FlushPlan,
): Promise<string[]> {
  const undone = [...unreachable];
  // first: sets can go only when no rule asks them
  await attempt(undone, 'iptables: ', () => flushIptables('not in use'));
  for (const backend of backends) {
    await attempt(undone, `${backend.name}: `, () => backend.flush());
  }
  const kernelIsClean = undone.length === 0;
  await attempt(undone, '', () => {
    folder.clearBoot(); // in any case: what was flushed shall not come back
    const { current } = memory ?? {};
    const after = kernelIsClean || current === undefined ? {} : { current };
    folder.write(after); // without a roll-back that would bring rules back
    folder.removeForgotten(after);
  });
  return undone;
}

async function attempt(
  undone: string[],
  prefix: string,
  work: () => void | Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    undone.push(`${prefix}${messageOf(error)}`);
  }
}

function readMemory(folder: FirewallFolder, notes: string[]): FirewallMemory | undefined {
  if (!folder.exists) {
    notes.push(`${folder.path} does not tell what was applied; every backend is looked at`);
    return undefined;
  }
  try {
    return folder.read();
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    notes.push(`${error.message}; every backend is looked at`);
    return undefined;
  }
}
