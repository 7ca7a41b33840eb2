import { UsageError } from '../../util/errors.js';
import { MessageWriter } from '../netlink/message.js';
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
  if (hasEnd && timeout === 0 && expiration === 0 && comment === '') {
    writePlain(writer, ranges.firsts, at, words);
    return;
  }
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
 * Nearly all ranges of a country are plain, and their elements are the same bytes but for the
 * addresses, which are the last of each: copied, a list is encoded in a third of the time.
 */
const PLAIN = { 1: plainElements(1), 4: plainElements(4) };

function plainElements(words: 1 | 4): { readonly attributes: DataView; readonly firstAt: number } {
  const writer = new MessageWriter(128);
  const first = writer.open(nft.NFTA_LIST_ELEM);
  writeKey(writer, new Uint32Array(words), 0, words);
  writer.close(first);
  const firstAt = writer.length - 4 * words;
  writeEnd(writer, words);
  const { buffer, byteOffset, byteLength } = writer.bytes;
  return { attributes: new DataView(buffer, byteOffset, byteLength), firstAt };
}

function writePlain(writer: MessageWriter, firsts: Uint32Array, at: number, words: 1 | 4): void {
  const { attributes, firstAt } = PLAIN[words];
  const start = writer.copy(attributes);
  writer.setWords(start + firstAt, firsts, at, words);
  writer.setWords(start + attributes.byteLength - 4 * words, successor, 0, words);
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
