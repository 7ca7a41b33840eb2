import {
  NLA_HDRLEN,
  type Message,
  align,
  attributeEnd,
  attributeType,
  findAttribute,
  textAt,
  u64At,
} from '../netlink/message.js';
import * as nft from './constants.js';

/** What the kernel keeps of an element beside its address. */
export interface ElementDetails {
  /** Milliseconds that it was given. */
  timeoutMs?: number;
  /** Milliseconds that are left of them. */
  expirationMs?: number;
  comment?: string;
  packets?: number;
  bytes?: number;
}

/** Elements as the kernel holds them, in the order in which it told them. */
export class ElementColumns {
  readonly words: 1 | 4;
  count = 0;
  /** Has the set an element for everything else (`*`)? It has no address, and no row. */
  catchAll = false;
  /** Of those elements that have any, by index. */
  readonly details = new Map<number, ElementDetails>();
  #keys: Uint32Array;
  #flags: Uint8Array;

  constructor(words: 1 | 4) {
    this.words = words;
    this.#keys = new Uint32Array(words * 64);
    this.#flags = new Uint8Array(64);
  }

  /** Addresses, `words` numbers each. */
  get keys(): Uint32Array {
    return this.#keys.subarray(0, this.count * this.words);
  }

  /** NFT_SET_ELEM_INTERVAL_END or 0. */
  get flags(): Uint8Array {
    return this.#flags.subarray(0, this.count);
  }

  /** Adds the elements of a message of type NFT_MSG_NEWSETELEM. @throws Error if it is malformed */
  addMessage({ view, from, to }: Message): void {
    const list = findAttribute(view, from + 4, to, nft.NFTA_SET_ELEM_LIST_ELEMENTS);
    if (list === undefined) return; // an empty set
    for (let at = list[0]; at < list[1];) {
      const end = attributeEnd(view, at, list[1]);
      this.#addElement(view, at + NLA_HDRLEN, end);
      at += align(end - at);
    }
  }

  #addElement(view: DataView, from: number, to: number): void {
    let flags = 0;
    let key = -1;
    let details: ElementDetails | undefined;
    for (let at = from; at < to;) {
      const end = attributeEnd(view, at, to);
      const type = attributeType(view, at);
      if (type === nft.NFTA_SET_ELEM_KEY) key = this.#valueOf(view, at + NLA_HDRLEN, end);
      else if (type === nft.NFTA_SET_ELEM_FLAGS) flags = view.getUint32(at + NLA_HDRLEN, false);
      else addDetail((details ??= {}), type, view, at + NLA_HDRLEN, end);
      at += align(end - at);
    }
    if ((flags & nft.NFT_SET_ELEM_CATCHALL) !== 0) this.catchAll = true;
    else if (key < 0) throw new Error('nf_tables told of an element without an address');
    else this.#append(view, key, flags, details);
  }

  /** Where the address of a key begins. */
  #valueOf(view: DataView, from: number, to: number): number {
    const value = findAttribute(view, from, to, nft.NFTA_DATA_VALUE);
    const length = value === undefined ? 0 : value[1] - value[0];
    if (value !== undefined && length === 4 * this.words) return value[0];
    throw new Error(`nf_tables told of an address of ${length} bytes, not ${4 * this.words}`);
  }

  #append(view: DataView, key: number, flags: number, details: ElementDetails | undefined): void {
    const { words, count } = this;
    if (count === this.#flags.length) this.#grow();
    for (let k = 0; k < words; k++) {
      this.#keys[count * words + k] = view.getUint32(key + 4 * k, false);
    }
    this.#flags[count] = flags;
    if (details !== undefined && Object.keys(details).length > 0) this.details.set(count, details);
    this.count += 1;
  }

  #grow(): void {
    const flags = new Uint8Array(2 * this.#flags.length);
    const keys = new Uint32Array(2 * this.#keys.length);
    flags.set(this.#flags);
    keys.set(this.#keys);
    this.#flags = flags;
    this.#keys = keys;
  }
}

function addDetail(
  details: ElementDetails,
  type: number,
  view: DataView,
  from: number,
  to: number,
): void {
  if (type === nft.NFTA_SET_ELEM_TIMEOUT) details.timeoutMs = u64At(view, from);
  else if (type === nft.NFTA_SET_ELEM_EXPIRATION) details.expirationMs = u64At(view, from);
  else if (type === nft.NFTA_SET_ELEM_USERDATA) addComment(details, view, from, to);
  else if (type === nft.NFTA_SET_ELEM_EXPR) addCounter(details, view, from, to);
  else if (type === nft.NFTA_SET_ELEM_EXPRESSIONS) {
    for (let at = from; at < to;) {
      const end = attributeEnd(view, at, to);
      addCounter(details, view, at + NLA_HDRLEN, end);
      at += align(end - at);
    }
  }
}

function addComment(details: ElementDetails, view: DataView, from: number, to: number): void {
  for (let at = from; at + 2 <= to;) {
    const end = at + 2 + view.getUint8(at + 1);
    if (end > to) return; // user data of somebody else's making
    if (view.getUint8(at) === nft.UDATA_COMMENT) details.comment = textAt(view, at + 2, end);
    at = end;
  }
}

/** Of the expressions that an element can carry, only the counter is read. */
function addCounter(details: ElementDetails, view: DataView, from: number, to: number): void {
  const name = findAttribute(view, from, to, nft.NFTA_EXPR_NAME);
  const data = findAttribute(view, from, to, nft.NFTA_EXPR_DATA);
  if (name === undefined || data === undefined || textAt(view, ...name) !== 'counter') return;
  const bytes = findAttribute(view, ...data, nft.NFTA_COUNTER_BYTES);
  const packets = findAttribute(view, ...data, nft.NFTA_COUNTER_PACKETS);
  if (bytes !== undefined) details.bytes = u64At(view, bytes[0]);
  if (packets !== undefined) details.packets = u64At(view, packets[0]);
}

/** What a set is, from a message of type NFT_MSG_NEWSET. */
export interface SetKind {
  /** NFT_SET_INTERVAL and its like. */
  readonly flags: number;
  /** Bytes of a key. */
  readonly keyLength: number;
}

export function parseSetKind({ view, from, to }: Message): SetKind {
  const flags = findAttribute(view, from + 4, to, nft.NFTA_SET_FLAGS);
  const keyLength = findAttribute(view, from + 4, to, nft.NFTA_SET_KEY_LEN);
  return {
    flags: flags === undefined ? 0 : view.getUint32(flags[0], false),
    keyLength: keyLength === undefined ? 0 : view.getUint32(keyLength[0], false),
  };
}

/** The ruleset's generation, from a message of type NFT_MSG_NEWGEN. */
export function parseGeneration({ view, from, to }: Message): number {
  const id = findAttribute(view, from + 4, to, nft.NFTA_GEN_ID);
  if (id === undefined) throw new Error('nf_tables told of a generation without a number');
  return view.getUint32(id[0], false);
}
