import { KernelError } from './errno.js';
import { NetlinkSocket } from './netlink-socket.js';
import { type Answer, parseAnswer } from './netlink/answer.js';
import { NLMSG_ERROR } from './netlink/message.js';
import { type Batch, type SetChange, encodeBatch } from './nf-tables/batch.js';
import { batchError } from './nf-tables/refusal.js';
import type { SocketCalls } from './socket-calls.js';

export type { SetChange } from './nf-tables/batch.js';
export type { NewRanges } from './nf-tables/element.js';

export interface ChangeOptions {
  /** Of the ruleset as it was read (`readGeneration`); refused with ERESTART if it has passed. */
  readonly generation?: number;
  /** How long to wait for the kernel's answer; 10 s if left out. */
  readonly timeoutMs?: number;
  /** In place of the kernel's own, for tests. */
  readonly calls?: SocketCalls;
}

const TIMEOUT_MS = 10_000;
/** An answer with its bookkeeping in the kernel; every message may have one. */
const ANSWER_BYTES = 2048;

/**
 * Changes the elements of any number of interval sets in one transaction of nf_tables: all of
 * it or nothing. Changes that say nothing send nothing. The sets have to exist; everything else
 * (rules, counters, other sets) is left as it is.
 *
 * The kernel refuses ranges that overlap, save one: it does not see that a range reaches into one
 * that has no end because it reaches to the top (seen with Linux 6.18). So add to what was read,
 * or flush. A change costs the kernel time for every element of the set (8 ms where it has 64,444
 * ranges, 0.02 ms in a small set beside), and where something is removed, closing the socket waits
 * until no packet can be looking at it any more, some milliseconds.
 *
 * @throws KernelError naming the set and the range that the kernel refused; unless it says that
 * the answer was lost (`EAGAIN`, `ENOBUFS`), nothing was changed
 */
export function changeElements(changes: readonly SetChange[], options: ChangeOptions = {}): void {
  const { generation, timeoutMs = TIMEOUT_MS, calls } = options;
  const batch = encodeBatch(changes, generation === undefined ? {} : { generation });
  if (batch.messages.length === 0) return;

  const socket = NetlinkSocket.open(timeoutMs, calls);
  try {
    socket.reserveAnswers(batch.messages.length * ANSWER_BYTES);
    socket.send(batch.bytes);
    takeAnswers(socket, batch);
  } finally {
    socket.close();
  }
}

/**
 * Like {@link changeElements} in two steps: encodes at once, and makes the change when the
 * function that it returns is called, on another thread: the kernel takes a millisecond for about
 * 500 ranges.
 */
export function prepareChange(
  changes: readonly SetChange[],
  options: ChangeOptions = {},
): () => Promise<void> {
  const { generation, timeoutMs = TIMEOUT_MS, calls } = options;
  const batch = encodeBatch(changes, generation === undefined ? {} : { generation });
  return async () => {
    if (batch.messages.length === 0) return;
    const socket = NetlinkSocket.open(timeoutMs, calls);
    try {
      socket.reserveAnswers(batch.messages.length * ANSWER_BYTES);
      await socket.sendAside(batch.bytes);
      takeAnswers(socket, batch);
    } finally {
      socket.close();
    }
  };
}

/** @throws KernelError where one of them is a refusal */
function takeAnswers(socket: NetlinkSocket, batch: Batch): void {
  const refusals = receiveAnswers(socket, batch).filter(({ errno }) => errno !== 0);
  if (refusals.length > 0) throw batchError(batch, refusals);
}

/**
 * All that the kernel has to say to the batch. By the time that it has taken the batch it has
 * said it: the first is waited for, the rest is there or will never be.
 */
function receiveAnswers(socket: NetlinkSocket, batch: Batch): Answer[] {
  const answers: Answer[] = [];
  const last = batch.sequence + batch.messages.length - 1;
  let lost: unknown;
  for (let wait = true; ;) {
    try {
      const messages = socket.receive(wait);
      if (messages.length === 0) break;
      for (const message of messages) {
        if (message.type === NLMSG_ERROR) answers.push(parseAnswer(message));
      }
    } catch (error) {
      if (!(error instanceof KernelError) || lost !== undefined) throw error;
      lost = error;
    }
    wait = false;
  }
  const answered = answers.some(({ errno, sequence }) => errno !== 0 || sequence === last);
  if (answered && lost === undefined) return answers;
  if (answers.some(({ errno }) => errno !== 0)) return answers;
  throw new KernelError(
    lost instanceof KernelError ? lost.code : 'EAGAIN',
    "the kernel's answer to a change of nf_tables was lost; read the sets to see whether it was made",
    { cause: lost },
  );
}
