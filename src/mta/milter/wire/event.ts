import { COMMAND } from './protocol.js';

/** What a mail server tells, one packet each. */
export type MilterEvent =
  | {
      readonly type: 'negotiate';
      readonly version: number;
      readonly actions: number;
      readonly steps: number;
    }
  | {
      readonly type: 'macros';
      /** The command byte that they belong to. */
      readonly command: number;
      /** Names without braces. */
      readonly macros: ReadonlyMap<string, string>;
    }
  | {
      readonly type: 'connect';
      readonly host: string;
      /** As the mail server writes it; empty where the client has none (a local program). */
      readonly address: string;
    }
  | { readonly type: 'helo'; readonly name: string }
  | { readonly type: 'mail'; readonly sender: string }
  | { readonly type: 'recipient'; readonly recipient: string }
  | { readonly type: 'header'; readonly name: string; readonly value: string }
  | {
      readonly type:
        | 'data'
        | 'endOfHeaders'
        | 'body'
        | 'endOfMessage'
        | 'abort'
        | 'quitNewConnection'
        | 'quit'
        | 'unknown';
    };

/** A packet that is none, and what was expected. */
export interface NotAnEvent {
  readonly found: string;
  readonly expected: string;
}

const PLAIN = new Map<number, MilterEvent>([
  [COMMAND.data, { type: 'data' }],
  [COMMAND.endOfHeaders, { type: 'endOfHeaders' }],
  [COMMAND.body, { type: 'body' }],
  [COMMAND.endOfMessage, { type: 'endOfMessage' }],
  [COMMAND.abort, { type: 'abort' }],
  [COMMAND.quitNewConnection, { type: 'quitNewConnection' }],
  [COMMAND.quit, { type: 'quit' }],
  [COMMAND.unknown, { type: 'unknown' }],
]);

const EMPTY = '';

/**
 * Reads a packet without its length: a command byte and its data. Texts are taken as UTF-8; bytes
 * that are none become U+FFFD. Whatever stands behind what a command needs is passed over.
 */
export function readEvent(packet: Buffer): MilterEvent | NotAnEvent {
  const command = packet[0];
  const data = packet.subarray(1);
  switch (command) {
    case COMMAND.negotiate:
      return readNegotiation(data);
    case COMMAND.macros:
      return readMacros(data);
    case COMMAND.connect:
      return readConnect(data);
    case COMMAND.helo:
      return { type: 'helo', name: firstText(data) };
    case COMMAND.mail:
      return { type: 'mail', sender: firstText(data) };
    case COMMAND.recipient:
      return { type: 'recipient', recipient: firstText(data) };
    case COMMAND.header: {
      const end = data.indexOf(0);
      if (end < 0) return { found: 'a header without an end', expected: 'name NUL value NUL' };
      return {
        type: 'header',
        name: data.toString('utf8', 0, end),
        value: firstText(data.subarray(end + 1)),
      };
    }
    default: {
      const event = command === undefined ? undefined : PLAIN.get(command);
      if (event !== undefined) return event;
      const found = command === undefined ? 'an empty packet' : `the command 0x${hex(command)}`;
      return { found, expected: 'a command of the milter protocol' };
    }
  }
}

function readNegotiation(data: Buffer): MilterEvent | NotAnEvent {
  if (data.length < 12) {
    return { found: `options of ${data.length} bytes`, expected: 'at least 12' };
  }
  const [version, actions, steps] = [0, 4, 8].map((at) => data.readUInt32BE(at));
  return { type: 'negotiate', version, actions, steps } as MilterEvent;
}

/** A command byte, then names and values, each with a NUL; a name may stand in braces. */
function readMacros(data: Buffer): MilterEvent | NotAnEvent {
  const command = data[0];
  if (command === undefined) return { found: 'macros of no command', expected: 'a command byte' };
  const macros = new Map<string, string>();
  const words = data.toString('utf8', 1).split('\0');
  for (let k = 0; k + 1 < words.length; k += 2) {
    const name = words[k] ?? EMPTY;
    const isInBraces = name.startsWith('{') && name.endsWith('}');
    macros.set(isInBraces ? name.slice(1, -1) : name, words[k + 1] ?? EMPTY);
  }
  return { type: 'macros', command, macros };
}

const [FAMILY_IPV4, FAMILY_IPV6] = [0x34, 0x36];

/** Host NUL, family, and of a network family a port of two bytes and the address with a NUL. */
function readConnect(data: Buffer): MilterEvent | NotAnEvent {
  const end = data.indexOf(0);
  const family = end < 0 ? undefined : data[end + 1];
  if (family === undefined) {
    return { found: 'a connection without a family', expected: 'host NUL family' };
  }
  const hasAddress = family === FAMILY_IPV4 || family === FAMILY_IPV6;
  return {
    type: 'connect',
    host: data.toString('utf8', 0, end),
    address: hasAddress ? firstText(data.subarray(end + 4)) : EMPTY,
  };
}

/** The text up to the first NUL, or to the end. */
function firstText(data: Buffer): string {
  const end = data.indexOf(0);
  return data.toString('utf8', 0, end < 0 ? data.length : end);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
