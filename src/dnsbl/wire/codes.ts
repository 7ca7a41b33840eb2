/* Numbers of DNS messages that the server knows (IANA "DNS Parameters"). */

/** Resource record types and question types. */
export const TYPE = {
  A: 1,
  NS: 2,
  SOA: 6,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  OPT: 41,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

export const CLASS = { IN: 1, CHAOS: 3, ANY: 255 } as const;

export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  NOTAUTH: 9,
  /** Extended (RFC 6891): 1 in the OPT record, 0 in the header. */
  BADVERS: 16,
} as const;

/** Bits of a message's third and fourth byte. */
export const FLAG = { QR: 0x80, AA: 0x04, TC: 0x02, RD: 0x01 } as const;

export const HEADER_BYTES = 12;

/** Largest answer over UDP without EDNS (RFC 1035 2.3.4). */
export const PLAIN_UDP_BYTES = 512;

/** What we offer and use at most with EDNS: no fragments on any usual path (DNS flag day 2020). */
export const EDNS_UDP_BYTES = 1232;
