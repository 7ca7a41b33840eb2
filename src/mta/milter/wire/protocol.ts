/*
 * Numbers of the milter protocol, version 6, as libmilter's mfdef.h and mfapi.h have them
 * (sendmail 8.14 and later, Postfix 2.6 and later).
 */

/** The highest version that is spoken. */
export const VERSION = 6;

/** What this side may ask for at the end of a message. */
export const ACTION = {
  addHeaders: 0x01,
  changeHeaders: 0x10,
  quarantine: 0x20,
  chooseMacros: 0x100,
} as const;

/** Events that need not be sent, and answers that need not be given. */
export const STEP = {
  noBody: 0x10,
  noReplyToHeader: 0x80,
  noUnknown: 0x100,
  noData: 0x200,
  noReplyToConnect: 0x1000,
  noReplyToHelo: 0x2000,
  noReplyToMail: 0x4000,
} as const;

/** Stages for which macros can be chosen (SMFIM_…). */
export const STAGE = { connect: 0 } as const;

/** Command bytes, from the mail server. */
export const COMMAND = {
  abort: 0x41, // A
  body: 0x42, // B
  connect: 0x43, // C
  macros: 0x44, // D
  endOfMessage: 0x45, // E
  helo: 0x48, // H
  quitNewConnection: 0x4b, // K
  header: 0x4c, // L
  mail: 0x4d, // M
  endOfHeaders: 0x4e, // N
  negotiate: 0x4f, // O
  quit: 0x51, // Q
  recipient: 0x52, // R
  data: 0x54, // T
  unknown: 0x55, // U
} as const;

/** Command bytes, to the mail server. */
export const REPLY = {
  accept: 0x61, // a
  continue: 0x63, // c
  discard: 0x64, // d
  addHeader: 0x68, // h
  changeHeader: 0x6d, // m
  negotiate: 0x4f, // O
  quarantine: 0x71, // q
  code: 0x79, // y
} as const;
