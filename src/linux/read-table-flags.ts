import { errnoName } from './errno.js';
import { request } from './netlink-request.js';
import {
  MessageWriter,
  NFGEN_LEN,
  NLM_F_ACK,
  NLM_F_REQUEST,
  findAttribute,
} from './netlink/message.js';
import * as nft from './nf-tables/constants.js';
import { requestError } from './nf-tables/refusal.js';
import { type ReadOptions, inOnePiece } from './read-elements.js';

/**
 * Whether a table is dormant: it keeps its chains, and the kernel hands them no packet
 * (NFT_MSG_GETTABLE, NFT_TABLE_F_DORMANT). False where there is no such table.
 *
 * @throws KernelError `EPERM` without the right to read
 */
export function isDormantTable(
  family: nft.TableFamily,
  table: string,
  options: ReadOptions = {},
): boolean {
  const action = `cannot look at table ${family} ${table}`;
  return inOnePiece(action, options, (socket) => {
    const writer = new MessageWriter();
    const flags = NLM_F_REQUEST | NLM_F_ACK;
    const start = writer.begin(nft.NFT_MSG_GETTABLE, flags, 1, nft.NFPROTO[family]);
    writer.text(nft.NFTA_TABLE_NAME, table);
    writer.end(start);
    let isDormant = false;
    const refusal = request(socket, writer.bytes, ({ view, from, to }) => {
      const found = findAttribute(view, from + NFGEN_LEN, to, nft.NFTA_TABLE_FLAGS);
      if (found) isDormant = (view.getUint32(found[0], false) & nft.NFT_TABLE_F_DORMANT) !== 0;
    });
    if (refusal === undefined) return isDormant;
    if (errnoName(refusal.errno) === 'ENOENT') return false;
    throw requestError(action, refusal);
  });
}
