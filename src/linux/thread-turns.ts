import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

import { loadNative, nativeObstacle } from './native.js';

/*
 * How the kernel shares a processor among threads of this process. None of it needs any right, and
 * all of it is for the sake of speed: where the kernel refuses (a seccomp filter) or knows nothing
 * of it, threads share as before.
 */

/** Number of sched_setattr(2), for which C libraries have no function. */
const SCHED_SETATTR: Readonly<Partial<Record<NodeJS.Architecture, number>>> = {
  x64: 314,
  arm64: 274,
  loong64: 274,
  riscv64: 274,
};

/** struct sched_attr of sched_setattr(2), first version. */
const ATTRIBUTE_BYTES = 48;
const FLAGS = 8;
const NICE = 16;
const RUNTIME = 24;
const SCHED_FLAG_KEEP_POLICY = 0x08n;

/** The shortest that the kernel takes: 0.1 ms. */
const TURN_NS = 100_000n;

/**
 * Asks for short turns for the calling thread: it gets no more of the processor, but gets it as soon
 * as it has something to do, where a thread with turns of the usual 3 ms would have to wait until
 * another one's turn is over. From Linux 6.12 on; older kernels ignore it.
 *
 * @returns whether the kernel took it
 */
export function takeShortTurns(): boolean {
  const number = SCHED_SETATTR[process.arch];
  if (process.platform !== 'linux' || number === undefined) return false;
  if (nativeObstacle() !== undefined) return false;
  const native = loadNative();
  const syscall = native.declare('long syscall(long number, long tid, void *attr, long flags)');
  const memory = new ArrayBuffer(ATTRIBUTE_BYTES);
  const view = new DataView(memory);
  view.setUint32(0, ATTRIBUTE_BYTES, true);
  view.setBigUint64(FLAGS, SCHED_FLAG_KEEP_POLICY, true);
  view.setInt32(NICE, getPriority(0), true); // it is set, too: to what it is
  view.setBigUint64(RUNTIME, TURN_NS, true);
  return syscall(number, 0, native.addressOf(memory), 0) === 0;
}

/**
 * Makes the calling thread nicer than the others, for good: without rights there is no way back.
 *
 * @param nice as in setpriority(2); one that is lower than what it has changes nothing
 * @returns whether it is that nice now
 */
export function becomeNice(nice: number): boolean {
  // elsewhere it would be the whole process
  return process.platform === 'linux' && giveWay(0, nice);
}

/** @param id of a thread; 0 for the calling one */
function giveWay(id: number, nice: number): boolean {
  try {
    if (getPriority(id) < nice) setPriority(id, nice);
    return true;
  } catch {
    return false; // it has ended, or a seccomp filter refuses; see above
  }
}

/**
 * The threads of this process but the main one, by their numbers; none where there is no /proc. In a
 * process that has started no thread of its own they are those of Node.js itself, which compile and
 * collect garbage for all of its threads.
 */
export function otherThreads(): readonly number[] {
  if (process.platform !== 'linux') return [];
  try {
    return readdirSync('/proc/self/task')
      .map(Number)
      .filter((id) => id !== process.pid);
  } catch {
    return []; // a root folder of its own, a container that hides it
  }
}

/**
 * {@link becomeNice} for other threads of this process, by the numbers that they had. Those that have
 * ended are left out: their numbers may be those of others by now.
 */
export function makeNice(threads: readonly number[], nice: number): void {
  const own = new Set(otherThreads());
  for (const id of threads) if (own.has(id)) giveWay(id, nice);
}
