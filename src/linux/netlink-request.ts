import { KernelError } from './errno.js';
import type { NetlinkSocket } from './netlink-socket.js';
import { type Answer, parseAnswer } from './netlink/answer.js';
import {
  type Message,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_OVERRUN,
  NLM_F_DUMP_INTR,
  hostI32,
} from './netlink/message.js';

/**
 * Sends one request that asks for a dump or an acknowledgement, and hands each message of the
 * reply to `take`, up to the end of it.
 *
 * @returns the error that ended it, if one did
 * @throws KernelError `EINTR` where the reply is not of one piece because something changed
 * meanwhile: ask again, on another socket
 */
export function request(
  socket: NetlinkSocket,
  bytes: Uint8Array,
  take: (message: Message) => void,
): Answer | undefined {
  socket.send(bytes);
  let interrupted = false;
  for (;;) {
    for (const message of socket.receive()) {
      if ((message.flags & NLM_F_DUMP_INTR) !== 0) interrupted = true;
      if (message.type === NLMSG_OVERRUN) throw interruption();
      if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) {
        if (interrupted) throw interruption();
        const answer = message.type === NLMSG_ERROR ? parseAnswer(message) : endOfDump(message);
        return answer.errno === 0 ? undefined : answer;
      }
      take(message);
    }
  }
}

/** The last message of a dump carries an error, or 0. */
function endOfDump({ view, from, to, sequence }: Message): Answer {
  return { sequence, errno: from + 4 <= to ? Math.max(0, -hostI32(view, from)) : 0 };
}

function interruption(): KernelError {
  return new KernelError('EINTR', 'the ruleset changed while it was read');
}
