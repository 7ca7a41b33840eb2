/** One address record of a made-up statistics file. */
export interface TestRecord {
  cc: string;
  start: string;
  /** IPv4: number of addresses; IPv6: prefix length. */
  value: number;
}

export interface TestFile {
  registry?: string;
  serial?: string;
  records?: readonly TestRecord[];
  extended?: boolean;
}

/** KR 65536, JP 16384 IPv4 addresses; KR a /32 and JP a /48 of IPv6. */
export const RECORDS: readonly TestRecord[] = [
  { cc: 'KR', start: '1.16.0.0', value: 49152 },
  { cc: 'KR', start: '223.26.0.0', value: 16384 },
  { cc: 'JP', start: '133.0.0.0', value: 16384 },
  { cc: 'KR', start: '2001:220::', value: 32 },
  { cc: 'JP', start: '2001:200:1::', value: 48 },
];

/** The text of a statistics file that is whole. */
export function statisticsText(file: TestFile = {}): string {
  const { registry = 'apnic', serial = '20260601', records = RECORDS, extended = false } = file;
  const typeOf = ({ start }: TestRecord): string => (start.includes(':') ? 'ipv6' : 'ipv4');
  const count = (type: string): number => records.filter((each) => typeOf(each) === type).length;
  return [
    `2|${registry}|${serial}|${records.length}|19830613|20260531|+1000`,
    `${registry}|*|asn|*|0|summary`,
    `${registry}|*|ipv4|*|${count('ipv4')}|summary`,
    `${registry}|*|ipv6|*|${count('ipv6')}|summary`,
    ...records.map((each) => {
      const { cc, start, value } = each;
      const line = `${registry}|${cc}|${typeOf(each)}|${start}|${value}|20110412|allocated`;
      return extended ? `${line}|A91A7381` : line;
    }),
    '',
  ].join('\n');
}
