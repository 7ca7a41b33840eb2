import {
  NFGEN_LEN,
  NLA_HDRLEN,
  NLMSG_HDRLEN,
  align,
  attributeEnd,
  attributeType,
} from '../netlink/message.js';
import type { BatchMessage } from './batch.js';
import * as nft from './constants.js';
import { rangeText } from './ranges.js';

/** The part of a message of ours that the kernel did not like. */
export type Fault =
  { readonly at: 'table' | 'set' | 'unknown' } | { readonly at: 'range'; readonly text: string };

/**
 * What stands at an offset of a message, which is how the kernel points at a fault.
 *
 * @param bytes the batch
 * @param offset from the beginning of the message; 0 where the kernel told none
 */
export function locateFault(bytes: Uint8Array, message: BatchMessage, offset: number): Fault {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const place = message.start + offset;
  let at = message.start + NLMSG_HDRLEN + NFGEN_LEN;
  while (at <= place) {
    const end = attributeEnd(view, at, bytes.length);
    const type = attributeType(view, at);
    if (place < end) {
      if (type === nft.NFTA_SET_ELEM_LIST_TABLE) return { at: 'table' };
      if (type === nft.NFTA_SET_ELEM_LIST_SET) return { at: 'set' };
      return rangeAt(view, at + NLA_HDRLEN, place, message);
    }
    at += align(end - at);
  }
  return { at: 'unknown' };
}

/** Counts the first addresses up to the place; their elements begin with the key, ends with flags. */
function rangeAt(view: DataView, from: number, place: number, message: BatchMessage): Fault {
  const { ranges, change } = message;
  let index = message.from - 1;
  for (let at = from; at <= place;) {
    if (attributeType(view, at + NLA_HDRLEN) === nft.NFTA_SET_ELEM_KEY) index += 1;
    at += align(attributeEnd(view, at, view.byteLength) - at);
  }
  if (ranges === undefined || index < message.from) return { at: 'unknown' };
  const { firsts, lasts } = ranges;
  return { at: 'range', text: rangeText(firsts, lasts, index * change.words, change.words) };
}
