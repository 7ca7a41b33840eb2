import type { MilterEvent } from './wire/event.js';
import { ACTION, STAGE, STEP, VERSION } from './wire/protocol.js';
import type { MilterReply } from './wire/reply.js';

const WANTED = ACTION.addHeaders | ACTION.changeHeaders | ACTION.quarantine | ACTION.chooseMacros;
/** What is not to be sent, and not waited for. */
const UNNEEDED =
  STEP.noBody |
  STEP.noUnknown |
  STEP.noData |
  STEP.noReplyToConnect |
  STEP.noReplyToHelo |
  STEP.noReplyToMail |
  STEP.noReplyToHeader;
/** Without being asked, Postfix does not tell the port. */
const CONNECT_MACROS = 'j _ {daemon_name} {daemon_addr} {daemon_port} {if_name} {if_addr}';

/** The answer to what a mail server offers: of that, what is wanted here. */
export function negotiate({
  version,
  actions,
  steps,
}: Extract<MilterEvent, { type: 'negotiate' }>): Extract<MilterReply, { type: 'negotiate' }> {
  const canChoose = (actions & ACTION.chooseMacros) !== 0;
  return {
    type: 'negotiate',
    version: Math.min(version, VERSION),
    actions: actions & WANTED,
    steps: steps & UNNEEDED,
    ...(canChoose && { macros: { stage: STAGE.connect, names: CONNECT_MACROS } }),
  };
}
