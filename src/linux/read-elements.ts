import { KernelError, errnoName } from './errno.js';
import { request } from './netlink-request.js';
import { NetlinkSocket } from './netlink-socket.js';
import type { Answer } from './netlink/answer.js';
import {
  type Message,
  MessageWriter,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
} from './netlink/message.js';
import * as nft from './nf-tables/constants.js';
import {
  ElementColumns,
  type SetKind,
  parseGeneration,
  parseSetKind,
} from './nf-tables/elements.js';
import { type SetElements, addressesOf, rangesOf } from './nf-tables/intervals.js';
import { type SetName, setTitle } from './nf-tables/ranges.js';
import { requestError } from './nf-tables/refusal.js';
import type { SocketCalls } from './socket-calls.js';

export type { SetElements } from './nf-tables/intervals.js';
export type { SetName } from './nf-tables/ranges.js';

export interface ReadOptions {
  /** How long to wait for each part of the kernel's answer; 10 s if left out. */
  readonly timeoutMs?: number;
  /** In place of the kernel's own, for tests. */
  readonly calls?: SocketCalls;
}

const TIMEOUT_MS = 10_000;
/** A dump that a change of the ruleset ran into is begun anew so often. */
const TRIES = 10;

/**
 * Reads the elements of a set, with intervals or without, as ranges: ascending, as they were
 * put in, so that two may touch. Of one moment: if the ruleset changes meanwhile, it reads again.
 *
 * @throws KernelError `ENOENT` where there is no such set, `EPERM` without the right to read,
 * `EINTR` if the ruleset did not keep still
 */
export function readElements(name: SetName, options: ReadOptions = {}): SetElements {
  return inOnePiece(`cannot read ${setTitle(name)}`, options, (socket) => {
    const { kind, moment } = readKind(socket, name);
    const columns = new ElementColumns(name.words);
    const refusal = request(socket, dumpRequest(name), (message) => {
      if (momentOf(message) !== moment) throw new KernelError('EINTR', 'the ruleset changed');
      columns.addMessage(message);
    });
    if (refusal !== undefined) throw refusedRead(setTitle(name), refusal);
    return (kind.flags & nft.NFT_SET_INTERVAL) === 0 ? addressesOf(columns) : rangesOf(columns);
  });
}

/** The generation of the ruleset, which every transaction raises (NFT_MSG_GETGEN). */
export function readGeneration(options: ReadOptions = {}): number {
  return inOnePiece("cannot read the ruleset's generation", options, (socket) => {
    let generation: number | undefined;
    const writer = new MessageWriter();
    const flags = NLM_F_REQUEST | NLM_F_ACK;
    writer.end(writer.begin(nft.NFT_MSG_GETGEN, flags, 1, nft.NFPROTO_UNSPEC));
    const refusal = request(socket, writer.bytes, (message) => {
      generation = parseGeneration(message);
    });
    if (refusal !== undefined) throw refusedRead("the ruleset's generation", refusal);
    if (generation === undefined) throw new Error('nf_tables told of no generation');
    return generation;
  });
}

/**
 * Whether there is a table of the family inet with this name (NFT_MSG_GETTABLE).
 *
 * @throws KernelError as {@link readElements}
 */
export function hasTable(table: string, options: ReadOptions = {}): boolean {
  return inOnePiece(`cannot look for table inet ${table}`, options, (socket) => {
    const writer = new MessageWriter();
    const flags = NLM_F_REQUEST | NLM_F_ACK;
    const start = writer.begin(nft.NFT_MSG_GETTABLE, flags, 1, nft.NFPROTO.inet);
    writer.text(nft.NFTA_TABLE_NAME, table);
    writer.end(start);
    const refusal = request(socket, writer.bytes, () => undefined);
    if (refusal === undefined) return true;
    if (errnoName(refusal.errno) === 'ENOENT') return false;
    throw refusedRead(`table inet ${table}`, refusal);
  });
}

function refusedRead(what: string, refusal: Answer): KernelError {
  // a dump that cannot go on because the ruleset has changed
  if (['EINTR', 'EAGAIN'].includes(errnoName(refusal.errno))) {
    return new KernelError('EINTR', 'the ruleset changed');
  }
  return requestError(`cannot read ${what}`, refusal);
}

/** Reads again if the ruleset changes meanwhile. Each try on a socket of its own: the rest of an interrupted dump goes away with the old one. */
export function inOnePiece<T>(
  action: string,
  { timeoutMs = TIMEOUT_MS, calls }: ReadOptions,
  read: (socket: NetlinkSocket) => T,
): T {
  for (let tries = 1; ; tries++) {
    const socket = NetlinkSocket.open(timeoutMs, calls);
    try {
      return read(socket);
    } catch (error) {
      if (!(error instanceof KernelError) || !['EINTR', 'ENOBUFS'].includes(error.code))
        throw error;
      if (tries === TRIES) {
        const message = `${action}: in each of ${TRIES} tries ${error.message}`;
        throw new KernelError(error.code, message, { cause: error });
      }
    } finally {
      socket.close();
    }
  }
}

/** Low 16 bits of the generation that a message is about. */
function momentOf({ view, from }: Message): number {
  return view.getUint16(from + 2, false);
}

function readKind(socket: NetlinkSocket, name: SetName): { kind: SetKind; moment: number } {
  const title = setTitle(name);
  let found: { kind: SetKind; moment: number } | undefined;
  const refusal = request(socket, kindRequest(name), (message) => {
    found = { kind: parseSetKind(message), moment: momentOf(message) };
  });
  if (refusal !== undefined) throw refusedRead(title, refusal);
  if (found === undefined) throw new Error(`nf_tables told nothing of ${title}`);
  const { flags, keyLength } = found.kind;
  if (keyLength === 4 * name.words && (flags & nft.NFT_SET_CONCAT) === 0) return found;
  throw new KernelError(
    'EINVAL',
    `cannot read ${title}: its elements have ${keyLength} bytes` +
      `${(flags & nft.NFT_SET_CONCAT) === 0 ? '' : ' in several fields'}; ` +
      `expected ${name.words === 1 ? 'ipv4_addr, 4' : 'ipv6_addr, 16'}`,
  );
}

function kindRequest(name: SetName): Uint8Array {
  return setRequest(nft.NFT_MSG_GETSET, NLM_F_ACK, 1, name);
}

function dumpRequest(name: SetName): Uint8Array {
  return setRequest(nft.NFT_MSG_GETSETELEM, NLM_F_DUMP, 2, name);
}

/** A question about a set; both kinds name table and set by the same attributes, 1 and 2. */
function setRequest(
  type: number,
  flags: number,
  sequence: number,
  { table, set, family = 'inet' }: SetName,
): Uint8Array {
  const writer = new MessageWriter();
  const start = writer.begin(type, NLM_F_REQUEST | flags, sequence, nft.NFPROTO[family]);
  writer.text(nft.NFTA_SET_TABLE, table);
  writer.text(nft.NFTA_SET_NAME, set);
  writer.end(start);
  return writer.bytes;
}
