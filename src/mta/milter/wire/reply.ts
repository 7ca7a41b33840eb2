import { REPLY } from './protocol.js';

/** What a mail server is told. */
export type MilterReply =
  | { readonly type: 'continue' | 'accept' | 'discard' }
  | {
      readonly type: 'negotiate';
      readonly version: number;
      readonly actions: number;
      readonly steps: number;
      /** Macros wanted at a stage, where they may be chosen. */
      readonly macros?: { readonly stage: number; readonly names: string };
    }
  /** An SMTP reply of one line, such as `550 5.7.1 Not here`. */
  | { readonly type: 'code'; readonly text: string }
  | { readonly type: 'addHeader'; readonly name: string; readonly value: string }
  /** Takes out a header; `index` counts those of that name from 1. */
  | { readonly type: 'removeHeader'; readonly name: string; readonly index: number }
  | { readonly type: 'quarantine'; readonly reason: string };

const CONTINUE = packet(REPLY.continue);
const ACCEPT = packet(REPLY.accept);
const DISCARD = packet(REPLY.discard);

/** The packet of a reply. */
export function writeReply(reply: MilterReply): Buffer {
  switch (reply.type) {
    case 'continue':
      return CONTINUE;
    case 'accept':
      return ACCEPT;
    case 'discard':
      return DISCARD;
    case 'negotiate': {
      const { version, actions, steps, macros } = reply;
      const numbers = Buffer.concat([word(version), word(actions), word(steps)]);
      if (macros === undefined) return packet(REPLY.negotiate, numbers);
      return packet(REPLY.negotiate, numbers, word(macros.stage), text(macros.names));
    }
    case 'code':
      // both mail servers take a single % for the start of something
      return packet(REPLY.code, text(reply.text.replaceAll('%', '%%')));
    case 'addHeader':
      return packet(REPLY.addHeader, text(reply.name), text(reply.value));
    case 'removeHeader':
      return packet(REPLY.changeHeader, word(reply.index), text(reply.name), text(''));
    case 'quarantine':
      return packet(REPLY.quarantine, text(reply.reason));
  }
}

function packet(command: number, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((total, part) => total + part.length, 1);
  return Buffer.concat([word(length), Buffer.of(command), ...parts]);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.from(`${value.replaceAll('\0', '')}\0`, 'utf8');
}
