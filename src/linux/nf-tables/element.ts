import { UsageError } from '../../util/errors.js';
import { MessageWriter, networkWords } from '../netlink/message.js';
import * as nft from './constants.js';
import { type RangeColumns, rangeText } from './ranges.js';

/** Ranges to put into a set, each with what else the kernel shall keep of it. */
export interface NewRanges extends RangeColumns {
  /** Milliseconds after which each disappears; 0 for the set's own timeout. Needs `flags timeout`. */
  readonly timeoutsMs?: ArrayLike<number>;
  /** Milliseconds that are left of each timeout; 0 for all of it. */
  readonly expirationsMs?: ArrayLike<number>;
  /** Comments as nft shows them, at most 127 bytes; '' for none. */
  readonly comments?: ArrayLike<string>;
}

/** More than an element takes: attributes of key, flags, two times and 256 bytes of user data. */
export const ELEMENT_MAX_LEN = 384;

/** The address after a range, where one function leaves it for another. */
const successor = new Uint32Array(4);

/**
 * A range as nft writes it: an element for its first address, and one marked INTERVAL_END for
 * the address after its last, which is left out where the last is the top of the space. What
 * else there is stands in the first.
 */
export function writeRange(
  writer: MessageWriter,
  ranges: NewRanges,
  index: number,
  words: 1 | 4,
): void {
  const at = index * words;
  const hasEnd = addOne(ranges.lasts, at, words);
  const timeout = ranges.timeoutsMs?.[index] ?? 0;
  const expiration = ranges.expirationsMs?.[index] ?? 0;
  const comment = ranges.comments?.[index] ?? '';
  const first = writer.open(nft.NFTA_LIST_ELEM);
  writeKey(writer, ranges.firsts, at, words);
  if (timeout > 0) writer.u64(nft.NFTA_SET_ELEM_TIMEOUT, timeout);
  if (expiration > 0) writer.u64(nft.NFTA_SET_ELEM_EXPIRATION, expiration);
  if (comment !== '') checkComment(comment, ranges, at, words);
  if (comment !== '' || !hasEnd) writer.raw(nft.NFTA_SET_ELEM_USERDATA, userData(comment, !hasEnd));
  writer.close(first);
  if (hasEnd) writeEnd(writer, words);
}

/** The element that closes a range before the address in `successor`. */
function writeEnd(writer: MessageWriter, words: 1 | 4): void {
  const end = writer.open(nft.NFTA_LIST_ELEM);
  writer.u32(nft.NFTA_SET_ELEM_FLAGS, nft.NFT_SET_ELEM_INTERVAL_END);
  writeKey(writer, successor, 0, words);
  writer.close(end);
}

/*
 * Nearly all ranges of a country are plain, and their elements are the same words but for the
 * addresses, which are the last of each. A process that encodes a list once runs most of this
 * before V8 has compiled it: so what can be done for all at once, the C++ of typed arrays does.
 */
const PLAIN = { 1: plainElements(1), 4: plainElements(4) };

/** The words of the two elements of a plain range, with zeros for its addresses. */
function plainElements(words: 1 | 4): { readonly template: Uint32Array; readonly firstAt: number } {
  const writer = new MessageWriter(128);
  const first = writer.open(nft.NFTA_LIST_ELEM);
  writeKey(writer, new Uint32Array(words), 0, words);
  writer.close(first);
  const firstAt = writer.length / 4 - words;
  successor.fill(0);
  writeEnd(writer, words);
  return { template: new Uint32Array(writer.bytes.slice().buffer), firstAt };
}

/** Bytes that {@link writePlainRanges} needs for a range. */
export function plainLength(words: 1 | 4): number {
  return 4 * PLAIN[words].template.length;
}

/**
 * The same as {@link writeRange} for ranges from index `from` up to `to`, of which nothing else is
 * said. None of them may reach to the top of the space.
 */
export function writePlainRanges(
  writer: MessageWriter,
  { firsts, lasts }: RangeColumns,
  from: number,
  to: number,
  words: 1 | 4,
): void {
  const { template, firstAt } = PLAIN[words];
  const size = template.length;
  const out = writer.repeatWords(template, to - from);
  const starts = networkWords(firsts.slice(from * words, to * words));
  const ends = networkWords(successorsOf(lasts, from * words, to * words, words));
  const endAt = size - words;
  if (words === 1) {
    for (let i = 0, at = 0; i < starts.length; i++, at += size) {
      out[at + firstAt] = starts[i] as number;
      out[at + endAt] = ends[i] as number;
    }
    return;
  }
  for (let i = 0, at = 0; i < starts.length; at += size) {
    for (let k = 0; k < words; k++, i++) {
      out[at + firstAt + k] = starts[i] as number;
      out[at + endAt + k] = ends[i] as number;
    }
  }
}

/** The address after each from word `start` to word `end`. */
function successorsOf(from: Uint32Array, start: number, end: number, words: 1 | 4): Uint32Array {
  const next = from.slice(start, end);
  for (let i = words - 1; i < next.length; i += words) {
    // the array keeps 32 bits of each sum: what is 0 then has something to carry
    for (let k = i; k > i - words; k--) {
      next[k] = (next[k] as number) + 1;
      if (next[k] !== 0) break;
    }
  }
  return next;
}

function writeKey(writer: MessageWriter, from: Uint32Array, index: number, words: 1 | 4): void {
  const key = writer.open(nft.NFTA_SET_ELEM_KEY);
  writer.words(nft.NFTA_DATA_VALUE, from, index, words);
  writer.close(key);
}

/** Puts the address after `from[index…]` into `successor`; false where there is none. */
function addOne(from: Uint32Array, index: number, words: 1 | 4): boolean {
  let carry = 1;
  for (let k = words - 1; k >= 0; k--) {
    const sum = (from[index + k] as number) + carry;
    successor[k] = sum;
    carry = sum > 0xffffffff ? 1 : 0;
  }
  return carry === 0;
}

/** Records of type, length and value. The mark of an open interval is what nft gives it, too. */
function userData(comment: string, open: boolean): Uint8Array {
  const records: Uint8Array[] = [];
  if (comment !== '') {
    const text = Buffer.from(`${comment}\0`);
    records.push(Uint8Array.of(nft.UDATA_COMMENT, text.length), text);
  }
  if (open) {
    const flags = new Uint8Array(new Uint32Array([nft.UDATA_INTERVAL_OPEN]).buffer);
    records.push(Uint8Array.of(nft.UDATA_ELEM_FLAGS, flags.length), flags);
  }
  return Buffer.concat(records);
}

function checkComment(comment: string, ranges: RangeColumns, at: number, words: 1 | 4): void {
  const length = Buffer.byteLength(comment);
  if (length < nft.UDATA_COMMENT_MAXLEN && !comment.includes('\0')) return;
  throw new UsageError(
    `the comment of ${rangeText(ranges.firsts, ranges.lasts, at, words)} has ${length} bytes; ` +
      `expected at most ${nft.UDATA_COMMENT_MAXLEN - 1}, and no zero byte among them`,
  );
}
