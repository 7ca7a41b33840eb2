import { compilePolicy } from '../policy/compile.js';
import type { Plan } from '../policy/plan.js';
import { FAMILIES } from '../ip/family.js';
import type { TimedAddressSet } from '../ip/timed-address-set.js';
import { timedOf } from '../ip/timed-address-set.js';
import type { Difference } from './backend.js';
import type { Enforcer } from './enforce.js';
import { followed, isSameTimed, readHandMade } from './hand-made.js';
import type { HandMadeList, HandMadeLists, KeptPolicy } from './kept-policy.js';

/** What became of changes by hand. */
export type Following =
  /** @param lists names of lists of which the kernel holds something else now */
  | { readonly done: true; readonly lists: readonly string[]; readonly notes: readonly string[] }
  /** Why the kernel stays as it is. */
  | { readonly done: false; readonly reason: string };

/**
 * Brings what was changed by hand since the last apply or roll-back into the kernel, and nothing
 * else of the configuration or the data: each list that is kept by hand gets what its file says
 * anew, in the rules that stand. For the time in which nothing may be applied; also makes up for a
 * change that was cut off. The caller holds the lock of the state.
 *
 * @throws SystemError from the backend or the state folder
 */
export async function followHandMade(
  { backend, folder }: Enforcer,
  nowMs: number,
): Promise<Following> {
  const { current, unfinished, pending } = folder.read();
  if (current === undefined) return { done: true, lists: [], notes: [] };
  if (unfinished !== undefined) return left('the last apply was cut off');
  if (current.backend !== backend.name) return left(`the backend was ${current.backend}`);
  const lists = folder.readHandMade(current);
  if (lists === undefined) return left('the last apply left no record of its lists');
  const { changed, notes } = changesIn(lists);
  if (changed.size === 0) return { done: true, lists: [], notes };
  const policy = folder.readPolicy(current);
  if (policy === undefined) return left('the last apply left no record of its rules');
  const planOf = (made: HandMadeLists): Plan | string => planWith(policy, made, nowMs);
  const after = new Map([...lists, ...changed]);
  const plan = planOf(after);
  if (typeof plan === 'string') return left(plan);
  const difference = await backend.compare(plan);
  if (!difference.present) return left('the kernel holds nothing of ours');
  if (difference.rules.length > 0) {
    // a list that begins or ends to be empty changes rules; what else differs is not ours to judge
    const before = planOf(lists);
    const fault = typeof before === 'string' ? before : await othersDid(backend, before);
    if (fault !== undefined) return left(fault);
  }
  const due = ownPart(difference, changed);
  if (due.rules.length > 0 || due.lists.length > 0) await backend.apply(plan, due);
  for (const [name, text] of await backend.bootFiles(plan)) folder.rewriteFile(current, name, text);
  if (pending === undefined) folder.bootFrom(current);
  folder.writeHandMade(current, after);
  return { done: true, lists: [...changed.keys()], notes };
}

function left(reason: string): Following {
  return { done: false, reason };
}

async function othersDid(backend: Enforcer['backend'], plan: Plan): Promise<string | undefined> {
  const { rules } = await backend.compare(plan);
  return rules.length > 0 ? 'the rules in the kernel are not those of the last apply' : undefined;
}

function changesIn(lists: HandMadeLists): {
  readonly changed: ReadonlyMap<string, HandMadeList>;
  readonly notes: readonly string[];
} {
  const changed = new Map<string, HandMadeList>();
  const notes: string[] = [];
  for (const [name, list] of lists) {
    const now = readHandMade(list.path);
    if ('fault' in now) {
      notes.push(`list ${name} stays as it was: ${now.fault}`);
      continue;
    }
    if (isSameTimed(now, list.seen)) continue;
    changed.set(name, { ...list, held: followed(list, now), seen: now });
  }
  return { changed, notes };
}

/** The plan of a generation with these contents of its lists, or why there is none. */
function planWith(policy: KeptPolicy, made: HandMadeLists, nowMs: number): Plan | string {
  const lists = new Map(policy.lists);
  const times = new Map(policy.times);
  for (const [name, { held }] of made) {
    if (!lists.has(name)) continue;
    lists.set(name, {
      v4: held.v4.inForce(nowMs).addresses(),
      v6: held.v6.inForce(nowMs).addresses(),
    });
    if (hasEnds(held)) times.set(name, held);
    else times.delete(name);
  }
  const plan = compilePolicy({ firewall: policy.firewall, lists, times });
  if (!('faults' in plan)) return plan;
  const [fault] = plan.faults;
  return `found ${fault?.found ?? 'no plan'}; expected ${fault?.expected ?? 'one'}`;
}

function hasEnds(set: TimedAddressSet): boolean {
  return FAMILIES.some((family) => timedOf(set, family).endsMs.some(Number.isFinite));
}

/** Without what differs in other lists: drift is for an apply. */
function ownPart(
  { present, rules, lists }: Difference,
  changed: ReadonlyMap<string, unknown>,
): Difference {
  return { present, rules, lists: lists.filter(({ list }) => changed.has(list)) };
}
