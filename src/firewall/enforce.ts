import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Plan } from '../policy/plan.js';
import { UsageError } from '../util/errors.js';
import type { Backend, Difference } from './backend.js';
import type { FirewallFolder, Generation } from './generations.js';

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
}

/** Whether anything differs. */
export function differs({ present, rules, lists }: Difference): boolean {
  return !present || rules.length > 0 || lists.length > 0;
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
  { nowMs, confirmMs }: ApplyOptions,
): Promise<boolean> {
  const before = folder.read();
  const changes = differs(difference);
  if (!changes && before.current !== undefined && before.heldSince === undefined) return false;
  const number = (before.current?.number ?? 0) + 1;
  const previous = before.current ?? 'nothing';
  if (changes && confirmMs !== undefined) {
    // until the new generation stands, the current one is what a roll-back goes back to
    folder.write({ ...before, previous, pending: { deadlineMs: nowMs + confirmMs } });
  }
  try {
    if (changes) await backend.apply(plan, difference);
  } catch (error) {
    folder.write(before);
    throw error;
  }
  const appliedAt = new Date(nowMs).toISOString();
  const current: Generation = { number, backend: backend.name, appliedAt };
  folder.writeGeneration(current, await backend.bootFiles(plan));
  const pending =
    changes && confirmMs !== undefined ? { pending: { deadlineMs: nowMs + confirmMs } } : {};
  folder.write({
    current,
    previous: changes ? previous : (before.previous ?? 'nothing'),
    ...pending,
  });
  if (changes) folder.removeGeneration(before.previous);
  else folder.removeGeneration(before.current);
  return changes;
}

/**
 * Goes back to what was before the last apply, and holds unattended applies until a person
 * applies again.
 *
 * @throws UsageError where there is nothing to go back to, SystemError from the backend
 */
export async function rollBack({ backend, folder }: Enforcer, nowMs: number): Promise<void> {
  const memory = folder.read();
  const { previous } = memory;
  if (previous === undefined) throw new UsageError('there is no apply to roll back');
  if (previous === 'nothing') {
    await backend.flush();
    folder.clearBoot();
  } else {
    const from = folder.generationFolder(previous);
    await backend.loadBoot(from);
    folder.writeBoot(
      new Map(readdirSync(from).map((name) => [name, readFileSync(join(from, name), 'utf8')])),
    );
  }
  const heldSince = new Date(nowMs).toISOString();
  folder.write({ ...(previous !== 'nothing' && { current: previous }), heldSince });
  if (memory.current !== undefined && memory.current !== previous) {
    const isKept = previous !== 'nothing' && previous.number === memory.current.number;
    if (!isKept) folder.removeGeneration(memory.current);
  }
}

/** Keeps what was applied. @returns whether a confirmation was waited for */
export function confirm({ folder }: Pick<Enforcer, 'folder'>): boolean {
  const { pending, ...rest } = folder.read();
  if (pending === undefined) return false;
  folder.write(rest);
  return true;
}

/** Does a roll-back whose time has come. @returns whether it did */
export async function settleOverdue(enforcer: Enforcer, nowMs: number): Promise<boolean> {
  const { pending } = enforcer.folder.read();
  if (pending === undefined || nowMs < pending.deadlineMs) return false;
  await rollBack(enforcer, nowMs);
  return true;
}

/** Takes away everything of ours, and forgets. */
export async function flush({ backend, folder }: Enforcer): Promise<void> {
  await backend.flush();
  const { current, previous } = folder.read();
  folder.clearBoot();
  folder.write({});
  folder.removeGeneration(current);
  folder.removeGeneration(previous);
}
