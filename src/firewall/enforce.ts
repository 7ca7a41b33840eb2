import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import type { FirewallConfig } from '../config/schema.js';
import { permanentSet } from '../ip/timed-address-set.js';
import type { Plan } from '../policy/plan.js';
import { UsageError } from '../util/errors.js';
import type { Backend, BackendName, Difference } from './backend.js';
import { backendNamed } from './choose.js';
import { flushIptables } from './iptables/flush-variants.js';
import { destroyLeftSets } from './iptables/left-sets.js';
import type { FirewallFolder, Generation } from './generations.js';
import { seenNow } from './hand-made.js';
import { policyText } from './kept-policy.js';

/** A backend and the folder in which it remembers; the caller holds the lock of the state. */
export interface Enforcer {
  readonly backend: Backend;
  readonly folder: FirewallFolder;
}

export interface ApplyOptions {
  /** Time now, milliseconds since 1970. */
  readonly nowMs: number;
  /** Roll back unless somebody confirms within this time. */
  readonly confirmMs?: number;
  /** `configurationHash` of the configuration that the plan was made from. */
  readonly configuration?: string;
  /** From what the plan was made, so that a change by hand survives a roll-back. */
  readonly origin?: PlanOrigin;
  /** Told what of ours could not be taken out of the kernel. */
  readonly warn?: (text: string) => void;
}

export interface PlanOrigin {
  readonly firewall: FirewallConfig;
  /** `handMadeFiles` of the same configuration. */
  readonly files: ReadonlyMap<string, string>;
}

/** Whether anything differs. */
export function differs({ present, rules, lists }: Difference): boolean {
  return !present || rules.length > 0 || lists.length > 0;
}

/** Whether the kernel holds what it should, and only ends it at other times. */
export function endsOtherwise({ present, rules, lists }: Difference): boolean {
  if (!present || rules.length > 0 || lists.length === 0) return false;
  return lists.every(({ missing, surplus, timed }) => {
    return missing.isEmpty && surplus.isEmpty && timed?.retimed.isEmpty === false;
  });
}

/**
 * Makes the kernel hold the plan, and remembers what is needed to go back and to boot. The
 * roll-back that waits for a confirmation is written down before the kernel changes, so that
 * it comes also when this process is killed.
 *
 * @returns whether the kernel was changed
 * @throws SystemError from the backend; kernel and memory are as they were then
 */
export async function applyPlan(
  { backend, folder }: Enforcer,
  plan: Plan,
  difference: Difference,
  { nowMs, confirmMs, configuration, origin, warn }: ApplyOptions,
): Promise<boolean> {
  const before = folder.read();
  const changes = differs(difference);
  // the same rules as before: nothing to go back to, nothing new to remember
  if (!changes && difference.renewals !== undefined) await backend.apply(plan, difference);
  const isKnown = before.current?.backend === backend.name && before.heldSince === undefined;
  if (!changes && isKnown && before.unfinished === undefined) {
    const { current } = before;
    const sealed = current && { ...current, ...sealOf(backend, configuration) };
    if (!isDeepStrictEqual(sealed, current)) {
      if (current && origin) keepOrigin(folder, current, plan, origin);
      folder.write({ ...before, ...(sealed && { current: sealed }) });
    }
    return false;
  }
  const number = (before.current?.number ?? 0) + 1;
  // where nothing changes, what stood before it is not known to be nothing
  const previous = changes ? (before.current ?? 'nothing') : before.previous;
  const pending =
    changes && confirmMs !== undefined ? { pending: { deadlineMs: nowMs + confirmMs } } : {};
  // until the new generation stands, the current one is what a roll-back goes back to
  if (changes) {
    folder.write({ ...before, ...(previous && { previous }), ...pending, unfinished: true });
  }
  const appliedAt = new Date(nowMs).toISOString();
  const current: Generation = { number, backend: backend.name, appliedAt };
  const prepared = new Set<number>();
  try {
    if (changes) {
      await backend.apply(plan, difference, (files) => {
        folder.writeGeneration(current, files); // nothing names it yet
        prepared.add(current.number);
      });
    }
  } catch (error) {
    folder.write(before);
    folder.removeForgotten(before);
    throw error;
  }
  await flushReplaced(before.current?.backend, backend, warn);
  if (changes) {
    await flushLeft(before.current?.backend, backend);
    const left = await destroyLeftSets(before.current?.backend, backend.name);
    if (left !== undefined) warn?.(left);
  }
  if (!prepared.has(number)) folder.writeGeneration(current, await backend.bootFiles(plan));
  if (origin) keepOrigin(folder, current, plan, origin);
  if (changes && before.current) markSeen(folder, before.current);
  // a machine that is switched off and on while nobody has confirmed comes back with the old rules
  if (pending.pending === undefined) folder.bootFrom(current);
  const memory = {
    current: { ...current, ...sealOf(backend, configuration) },
    ...(previous && { previous }),
    ...pending,
  };
  folder.write(memory);
  folder.removeForgotten(memory);
  return changes;
}

function keepOrigin(
  folder: FirewallFolder,
  generation: Generation,
  plan: Plan,
  { firewall, files }: PlanOrigin,
): void {
  folder.writePolicy(generation, policyText(firewall, plan));
  const lists = [...plan.lists].flatMap(([name, addresses]) => {
    const path = files.get(name);
    if (path === undefined) return [];
    const held = plan.times.get(name) ?? permanentSet(addresses);
    return [[name, { path, held, seen: held }] as const];
  });
  folder.writeHandMade(generation, new Map(lists));
}

/** What files say at an apply is what that apply brought: a roll-back takes it back. */
function markSeen(folder: FirewallFolder, replaced: Generation): void {
  const lists = folder.readHandMade(replaced);
  if (lists !== undefined) folder.writeHandMade(replaced, seenNow(lists));
}

function sealOf(backend: Backend, configuration: string | undefined): Pick<Generation, 'seal'> {
  const rules = configuration === undefined ? undefined : backend.sealRules?.();
  return configuration === undefined || rules === undefined
    ? {}
    : { seal: { configuration, rules } };
}

/**
 * Takes away what another backend holds of ours, once this one holds the rules. The backends of
 * iptables share their chains, so that each replaces the other's rules by itself.
 */
async function flushReplaced(
  old: BackendName | undefined,
  held: Backend,
  warn?: (text: string) => void,
): Promise<void> {
  if (old === undefined || old === held.name) return;
  if (old !== 'nftables' && held.name !== 'nftables') return;
  const other = backendNamed(old);
  const obstacle = await other.findObstacle();
  if (obstacle === undefined) return other.flush();
  warn?.(
    `what the backend ${old} held before may still stand and deny beside the new rules, for it ` +
      `cannot be taken out: ${obstacle}`,
  );
}

/**
 * Takes away what no memory tells of: what another backend held when the state was lost (`old` is
 * undefined then), and what the other iptables holds where the host has changed to this one.
 */
async function flushLeft(old: BackendName | undefined, held: Backend): Promise<void> {
  const names = [held.name, old ?? held.name];
  if (old === undefined && held.name === 'nftables') await flushIptables('all');
  else if (names.some((name) => name !== 'nftables')) await flushIptables('not in use');
  if (old !== undefined || held.name === 'nftables') return;
  const other = backendNamed('nftables');
  if ((await other.findObstacle()) === undefined) await other.flush();
}

/**
 * Goes back to what was before the last apply, and holds unattended applies until a person
 * applies again.
 *
 * @param warn told what of ours could not be taken out of the kernel
 * @throws UsageError where there is nothing to go back to, SystemError from the backend
 */
export async function rollBack(
  { backend, folder }: Enforcer,
  nowMs: number,
  warn: ApplyOptions['warn'],
): Promise<void> {
  const memory = folder.read();
  const { previous } = memory;
  if (previous === undefined) throw new UsageError('there is no apply to roll back');
  if (previous === 'nothing') {
    await flushAll(backend, memory.current?.backend);
    folder.clearBoot();
  } else {
    const target = previous.backend === backend.name ? backend : backendNamed(previous.backend);
    await target.loadBoot(folder.generationFolder(previous));
    for (const name of new Set([backend.name, memory.current?.backend])) {
      await flushReplaced(name, target, warn);
    }
    const left = await destroyLeftSets(memory.current?.backend, target.name);
    if (left !== undefined) warn?.(left);
    folder.bootFrom(previous);
  }
  const heldSince = new Date(nowMs).toISOString();
  const after = { ...(previous !== 'nothing' && { current: previous }), heldSince };
  folder.write(after);
  folder.removeForgotten(after);
}

/** What a roll-back needs, apart from the state folder. */
export interface KeptGeneration {
  readonly generation: Generation | 'nothing';
  /** Its files by name. */
  readonly files: ReadonlyMap<string, string>;
}

/** What the pending roll-back will go back to; undefined while none is pending. */
export function keepPrevious(folder: FirewallFolder): KeptGeneration | undefined {
  const { previous, pending } = folder.read();
  if (previous === undefined || pending === undefined) return undefined;
  const files =
    previous === 'nothing' ? new Map<string, string>() : folder.readGeneration(previous);
  return { generation: previous, files };
}

/**
 * The roll-back where the state folder was lost while a confirmation was pending.
 *
 * @throws SystemError from the backend
 */
export async function rollBackKept(
  { backend, folder }: Enforcer,
  { generation, files }: KeptGeneration,
  nowMs: number,
): Promise<void> {
  if (generation === 'nothing') {
    await flushAll(backend, undefined);
  } else {
    const target = generation.backend === backend.name ? backend : backendNamed(generation.backend);
    const copy = mkdtempSync(join(tmpdir(), 'sekisho-'));
    try {
      for (const [name, text] of files) writeFileSync(join(copy, name), text, { mode: 0o600 });
      await target.loadBoot(copy);
    } finally {
      rmSync(copy, { recursive: true });
    }
    await flushReplaced(backend.name, target);
  }
  folder.write({ heldSince: new Date(nowMs).toISOString() });
}

async function flushAll(backend: Backend, applied: BackendName | undefined): Promise<void> {
  await backend.flush();
  await flushReplaced(applied, backend);
}

/** Keeps what was applied. @returns whether a confirmation was waited for, and a change as well */
export function confirm({ folder }: Pick<Enforcer, 'folder'>): 'nothing' | 'done' | 'owed' {
  const { pending, owed, ...rest } = folder.read();
  if (pending === undefined) return 'nothing';
  // an apply that was cut off has no files yet; the next one makes them
  if (rest.current !== undefined && rest.unfinished === undefined) folder.bootFrom(rest.current);
  folder.write(rest);
  return owed ? 'owed' : 'done';
}

/** Whether nobody confirmed in time. */
export function isOverdue({ folder }: Pick<Enforcer, 'folder'>, nowMs: number): boolean {
  const { pending } = folder.read();
  return pending !== undefined && nowMs >= pending.deadlineMs;
}
