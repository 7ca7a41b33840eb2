import {
  NLMSG_HDRLEN,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  type Message,
  align,
  findAttribute,
  hostI32,
  hostU32,
  textAt,
} from './message.js';

const NLMSGERR_ATTR_MSG = 1;
const NLMSGERR_ATTR_OFFS = 2;

/** What the kernel said to one message of ours (nlmsgerr, with extended acknowledgement). */
export interface Answer {
  /** Of the message that it answers. */
  readonly sequence: number;
  /** 0 is an acknowledgement; errno(3) otherwise. */
  readonly errno: number;
  /** The kernel's own words, where it has any. */
  readonly text?: string;
  /** Where in our message the attribute begins that it did not like. */
  readonly offset?: number;
}

/** Reads a message of type NLMSG_ERROR. */
export function parseAnswer({ view, flags, from, to }: Message): Answer {
  const original = from + 4;
  if (original + NLMSG_HDRLEN > to) throw new Error(`netlink error of ${to - from} bytes`);
  const answer = { sequence: hostU32(view, original + 8), errno: -hostI32(view, from) };
  if ((flags & NLM_F_ACK_TLVS) === 0) return answer;

  const echoed = (flags & NLM_F_CAPPED) === 0 ? hostU32(view, original) : NLMSG_HDRLEN;
  const attributes = original + align(echoed);
  const text = findAttribute(view, attributes, to, NLMSGERR_ATTR_MSG);
  const offset = findAttribute(view, attributes, to, NLMSGERR_ATTR_OFFS);
  return {
    ...answer,
    ...(text === undefined ? {} : { text: textAt(view, ...text) }),
    ...(offset === undefined ? {} : { offset: hostU32(view, offset[0]) }),
  };
}
