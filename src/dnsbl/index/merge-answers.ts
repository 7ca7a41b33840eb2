import type { ZoneAnswer, ZoneRecord } from '../zone/zone-source.js';

/**
 * What two listings of one address answer together: every record once, and all records of a type
 * with the smallest TTL of them (RFC 2181 5.2).
 */
export function mergeAnswers(a: ZoneAnswer, b: ZoneAnswer): ZoneAnswer {
  const records = [...a.records];
  const known = new Set(records.map(keyOf));
  for (const record of b.records) {
    if (known.has(keyOf(record))) continue;
    known.add(keyOf(record));
    records.push(record);
  }
  const smallest = new Map<string, number>();
  for (const { type, ttlSeconds } of [...a.records, ...b.records]) {
    smallest.set(type, Math.min(ttlSeconds, smallest.get(type) ?? Infinity));
  }
  return {
    records: records.map((record) => ({
      ...record,
      ttlSeconds: smallest.get(record.type) ?? record.ttlSeconds,
    })),
    lists: [...new Set([...(a.lists ?? []), ...(b.lists ?? [])])],
  };
}

/** Equal for records with the same data, whatever their TTL. */
function keyOf(record: ZoneRecord): string {
  switch (record.type) {
    case 'A':
      return `A ${record.address}`;
    case 'MX':
      return `MX ${record.preference} ${Buffer.from(record.exchange).toString('latin1')}`;
    case 'TXT':
      return `TXT ${record.text
        .map((part) =>
          typeof part === 'string' ? `\0${part}\0` : Buffer.from(part).toString('latin1'),
        )
        .join('')}`;
  }
}
