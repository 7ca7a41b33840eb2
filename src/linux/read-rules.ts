import { request } from './netlink-request.js';
import type { NetlinkSocket } from './netlink-socket.js';
import {
  type Message,
  MessageWriter,
  NLA_HDRLEN,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  align,
  attributeEnd,
  attributeType,
  textAt,
} from './netlink/message.js';
import * as nft from './nf-tables/constants.js';
import { requestError } from './nf-tables/refusal.js';
import { type ReadOptions, inOnePiece } from './read-elements.js';

/** What is told of table, chains and rules by attributes that say what they do: no handle, no counts. */
const TABLES = {
  question: nft.NFT_MSG_GETTABLE,
  answer: nft.NFT_MSG_NEWTABLE,
  telling: [nft.NFTA_TABLE_FLAGS] as readonly number[], // a dormant one judges nothing
};
const CHAINS: typeof TABLES = {
  question: nft.NFT_MSG_GETCHAIN,
  answer: nft.NFT_MSG_NEWCHAIN,
  telling: [nft.NFTA_CHAIN_NAME, nft.NFTA_CHAIN_HOOK, nft.NFTA_CHAIN_POLICY, nft.NFTA_CHAIN_TYPE],
};
const RULES: typeof TABLES = {
  question: nft.NFT_MSG_GETRULE,
  answer: nft.NFT_MSG_NEWRULE,
  telling: [nft.NFTA_RULE_CHAIN, nft.NFTA_RULE_EXPRESSIONS, nft.NFTA_RULE_USERDATA],
};

/**
 * Flags, chains and rules of a table of the family inet as the kernel's own bytes, in its order: the same
 * bytes as long as nobody changes them. Not meant to be understood. Empty where there is no table.
 *
 * @throws KernelError as `readElements`
 */
export function readRules(table: string, options: ReadOptions = {}): Uint8Array {
  return inOnePiece(`cannot read the rules of table inet ${table}`, options, (socket) =>
    Buffer.concat([TABLES, CHAINS, RULES].flatMap((kind) => dump(socket, kind, table))),
  );
}

function dump(
  socket: NetlinkSocket,
  { question, answer, telling }: typeof TABLES,
  table: string,
): Uint8Array[] {
  const writer = new MessageWriter();
  const flags = NLM_F_REQUEST | NLM_F_DUMP;
  writer.end(writer.begin(question, flags, question, nft.NFPROTO.inet));
  const pieces: Uint8Array[] = [];
  const refusal = request(socket, writer.bytes, (message) => {
    if (message.type === answer) pieces.push(...piecesOf(message, telling, table));
  });
  if (refusal !== undefined) {
    throw requestError(`cannot read the rules of table inet ${table}`, refusal);
  }
  return pieces;
}

/** Copies: the view holds only until the next message. Nothing where it is of another table. */
function piecesOf(
  { view, from, to }: Message,
  telling: readonly number[],
  table: string,
): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = from + 4; at < to;) {
    const end = attributeEnd(view, at, to);
    const type = attributeType(view, at);
    // tables, chains and rules alike name their table in the first attribute
    if (type === nft.NFTA_TABLE_NAME && textAt(view, at + NLA_HDRLEN, end) !== table) return [];
    if (telling.includes(type)) {
      pieces.push(new Uint8Array(view.buffer, view.byteOffset + at, end - at).slice());
    }
    at += align(end - at);
  }
  return pieces;
}
