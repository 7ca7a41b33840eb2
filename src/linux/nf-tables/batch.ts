import { UsageError } from '../../util/errors.js';
import {
  MessageWriter,
  NLA_MAX_LEN,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_REQUEST,
} from '../netlink/message.js';
import * as nft from './constants.js';
import {
  ELEMENT_MAX_LEN,
  type NewRanges,
  plainLength,
  writePlainRanges,
  writeRange,
} from './element.js';
import { type RangeColumns, type SetName, checkRanges, setTitle } from './ranges.js';

/**
 * What to do with one set, in this order: take out everything (`flush`), take out `remove`, put
 * in `add`. A range is taken out as it was put in, not a part of it.
 */
export interface SetChange extends SetName {
  readonly flush?: boolean;
  readonly remove?: RangeColumns;
  readonly add?: NewRanges;
}

export type Step = 'flush' | 'remove' | 'add';

/** One message of a batch: what an error that names it is about. */
export interface BatchMessage {
  readonly change: SetChange;
  readonly step: Step;
  /** The ranges of the step, of which this message holds those from index `from` on. */
  readonly ranges?: NewRanges;
  readonly from: number;
  /** Where it begins in the batch. */
  readonly start: number;
}

export interface Batch {
  readonly bytes: Uint8Array;
  /** The sequence number of the first; that of its header (batch begin) is one less. */
  readonly sequence: number;
  readonly messages: readonly BatchMessage[];
}

export interface BatchOptions {
  /** Sequence number of the header; the messages' follow. 1 if left out. */
  readonly sequence?: number;
  /** The kernel refuses the batch (ERESTART) if its ruleset has another generation than this. */
  readonly generation?: number;
}

/** Of a message without its elements: names are at most 256 bytes each. */
const MESSAGE_ROOM = 1024;
/** Of a plain range, for each word of its first address, with what is left over for headers. */
const WORD_ROOM = 42;

/**
 * One transaction of nf_tables: everything between its begin and its end happens, or nothing.
 * Only the last message asks for an acknowledgement, which comes after all errors.
 *
 * @throws RangeError for columns that are not ascending and disjoint: a defect
 * @throws UsageError for names or comments that nf_tables cannot hold
 */
export function encodeBatch(changes: readonly SetChange[], options: BatchOptions = {}): Batch {
  const { sequence = 1, generation } = options;
  const writer = new MessageWriter(roomFor(changes));
  const messages: BatchMessage[] = [];
  const begin = writer.begin(
    nft.NFNL_MSG_BATCH_BEGIN,
    NLM_F_REQUEST,
    sequence,
    nft.NFPROTO_UNSPEC,
    nft.NFNL_SUBSYS_NFTABLES,
  );
  if (generation !== undefined) writer.u32(nft.NFNL_BATCH_GENID, generation);
  writer.end(begin);

  const batch = { writer, messages, sequence: sequence + 1 };
  for (const change of changes) writeChange(batch, change);
  const last = messages.at(-1);
  if (last !== undefined) writer.addFlags(last.start, NLM_F_ACK);

  const after = sequence + 1 + messages.length;
  writer.end(
    writer.begin(
      nft.NFNL_MSG_BATCH_END,
      NLM_F_REQUEST,
      after,
      nft.NFPROTO_UNSPEC,
      nft.NFNL_SUBSYS_NFTABLES,
    ),
  );
  return { bytes: writer.bytes, sequence: sequence + 1, messages };
}

/** About what a batch takes: to grow from nothing would copy a large one many times. */
function roomFor(changes: readonly SetChange[]): number {
  let words = 0;
  for (const { remove, add } of changes) {
    words += (remove?.firsts.length ?? 0) + (add?.firsts.length ?? 0);
  }
  return MESSAGE_ROOM * (changes.length + 1) + words * WORD_ROOM;
}

interface OpenBatch {
  readonly writer: MessageWriter;
  readonly messages: BatchMessage[];
  readonly sequence: number;
}

function writeChange(batch: OpenBatch, change: SetChange): void {
  checkName(change.table, 'table');
  checkName(change.set, 'set');
  const { flush = false, remove, add } = change;
  if (flush) {
    if (remove !== undefined && remove.firsts.length > 0) {
      throw new RangeError(`${setTitle(change)}: nothing is left to remove after flush`);
    }
    writeMessage(batch, change, 'flush', 0);
  }
  if (remove !== undefined) writeRanges(batch, change, 'remove', remove);
  if (add !== undefined) writeRanges(batch, change, 'add', add);
}

/** As many messages as the ranges need; never a range in two of them. */
function writeRanges(batch: OpenBatch, change: SetChange, step: Step, ranges: NewRanges): void {
  checkRanges(ranges, change.words, `${step} in ${setTitle(change)}`);
  const count = ranges.firsts.length / change.words;
  for (let i = 0; i < count;) i = writeMessage(batch, change, step, i, ranges);
}

/** One message; returns the index of the first range that found no place in it. */
function writeMessage(
  { writer, messages, sequence }: OpenBatch,
  change: SetChange,
  step: Step,
  from: number,
  ranges?: NewRanges,
): number {
  const { table, set, family = 'inet', words } = change;
  const adding = step === 'add';
  const start = writer.begin(
    adding ? nft.NFT_MSG_NEWSETELEM : nft.NFT_MSG_DELSETELEM,
    NLM_F_REQUEST | (adding ? NLM_F_CREATE : 0),
    sequence + messages.length,
    nft.NFPROTO[family],
  );
  writer.text(nft.NFTA_SET_ELEM_LIST_TABLE, table);
  writer.text(nft.NFTA_SET_ELEM_LIST_SET, set);
  let i = from;
  if (ranges !== undefined) {
    // without this list, DELSETELEM takes out every element
    const list = writer.open(nft.NFTA_SET_ELEM_LIST_ELEMENTS);
    const count = ranges.firsts.length / words;
    const limit = list + NLA_MAX_LEN - 2 * ELEMENT_MAX_LEN;
    const room = Math.floor((limit - writer.length) / plainLength(words));
    const plain = Math.min(countPlain(ranges, words), i + room);
    if (plain > i) {
      writePlainRanges(writer, ranges, i, plain, words);
      i = plain;
    }
    while (i < count && writer.length <= limit) writeRange(writer, ranges, i++, words);
    writer.close(list);
  }
  writer.end(start);
  messages.push({ change, step, from, start, ...(ranges === undefined ? {} : { ranges }) });
  return i;
}

/** How many, from the first on, have an address after them, and nothing else is said of them. */
function countPlain(ranges: NewRanges, words: 1 | 4): number {
  const { lasts, timeoutsMs, expirationsMs, comments } = ranges;
  if (timeoutsMs ?? expirationsMs ?? comments) return 0;
  const reachesTop =
    lasts.length > 0 && lasts.subarray(-words).every((word) => word === 0xffff_ffff);
  return lasts.length / words - (reachesTop ? 1 : 0);
}

function checkName(name: string, what: string): void {
  const length = Buffer.byteLength(name);
  if (length > 0 && length < nft.NFT_NAME_MAXLEN && !name.includes('\0')) return;
  const limit = nft.NFT_NAME_MAXLEN - 1;
  throw new UsageError(
    `${JSON.stringify(name)} cannot be the name of a ${what} of nf_tables; ` +
      `expected 1 to ${limit} bytes without a zero byte, found ${length}`,
  );
}
