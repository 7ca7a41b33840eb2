import type { Answer, DecodedPacket } from 'dns-packet';

/** `NOERROR`, `NXDOMAIN`, `SERVFAIL`, …, which the types of dns-packet leave out. */
export function rcodeOf(reply: DecodedPacket): string {
  return (reply as unknown as { readonly rcode: string }).rcode;
}

/** Data of the answers of one type; the strings of a TXT record are joined (RFC 5782 2.1). */
export function recordTexts({ answers = [] }: DecodedPacket, type: 'A' | 'TXT'): string[] {
  return answers
    .filter((answer): answer is Answer & { data: unknown } => answer.type === type)
    .map(({ data }) => (Array.isArray(data) ? data.map(String).join('') : String(data)));
}
