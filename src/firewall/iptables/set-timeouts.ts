import { NEVER } from '../../ip/timed-ranges.js';
import type { SameEnd } from '../backend.js';
import { type HeldTimes, TOLERANCE_MS, sameEndAt } from '../end-difference.js';

/** The longest timeout that an ipset takes, seconds (IPSET_MAX_TIMEOUT: 2^32 − 1 ms, halved). */
export const MAX_TIMEOUT_SECONDS = 2_147_483;

/**
 * An end that is too far away for the kernel is brought nearer by steps of this many seconds:
 * so what stands in the kernel still tells the end that is meant, and between half the longest
 * timeout and all of it is given each time.
 */
export const STEP_SECONDS = 1_073_741;

const MAX_MS = MAX_TIMEOUT_SECONDS * 1000;
const STEP_MS = STEP_SECONDS * 1000;

/** The end that the kernel can be given for one that is meant. */
export function kernelEnd(endMs: number, nowMs: number): number {
  const excess = endMs - nowMs - MAX_MS;
  if (endMs === NEVER || excess <= 0) return endMs;
  return endMs - Math.ceil(excess / STEP_MS) * STEP_MS;
}

/** As `sameEndAt`; an end that was brought nearer is as good as the one that is meant. */
export function sameKernelEndAt(held: HeldTimes): SameEnd {
  const isSame = sameEndAt(held);
  return (wantedMs, heldMs) => isSame(steppedTo(heldMs, wantedMs), heldMs);
}

/** The same, but an end that was brought nearer is to be renewed when it has come near. */
export function renewableEndAt(held: HeldTimes): SameEnd {
  const isSame = sameEndAt(held);
  return (wantedMs, heldMs) => {
    const nearestMs = steppedTo(heldMs, wantedMs);
    const isStepped = nearestMs !== wantedMs;
    const isNear = heldMs !== undefined && heldMs - held.fromMs < STEP_MS;
    return isSame(nearestMs, heldMs) && !(isStepped && isNear);
  };
}

/** The wanted end, moved by whole steps to where the held one is. */
function steppedTo(heldMs: number | undefined, wantedMs: number | undefined): number | undefined {
  if (heldMs === undefined || wantedMs === undefined) return wantedMs;
  if (wantedMs === NEVER || heldMs === NEVER || wantedMs - heldMs < TOLERANCE_MS) return wantedMs;
  return wantedMs - Math.round((wantedMs - heldMs) / STEP_MS) * STEP_MS;
}
