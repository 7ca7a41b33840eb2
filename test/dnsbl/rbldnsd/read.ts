import {
  type AddressLayer,
  EXCLUDED,
  type ZoneAnswer,
} from '../../../src/dnsbl/zone/zone-source.js';
import {
  type Dataset,
  type DatasetReading,
  type DatasetType,
  readDataset,
} from '../../../src/dnsbl/rbldnsd/read-dataset.js';
import { READ_DEFAULTS, type ReadSettings } from '../../../src/dnsbl/rbldnsd/set-reader.js';

/** Noon of 2026-01-02, UTC. */
export const NOW_MS = Date.UTC(2026, 0, 2, 12);

/** Reads texts as the files `one`, `two`, … of a dataset; each string is a file of lines. */
export function read(
  type: DatasetType,
  files: string | readonly string[],
  settings: Partial<ReadSettings> = {},
): DatasetReading {
  const texts = typeof files === 'string' ? [files] : files;
  return readDataset(
    type,
    texts.map((text, k) => ({
      name: ['one', 'two', 'three'][k] ?? 'more',
      pieces: [Buffer.from(text, 'latin1')],
      modifiedMs: 1000 * (k + 1),
    })),
    { ...READ_DEFAULTS, nowMs: NOW_MS, ...settings },
  );
}

export function dataset(...args: Parameters<typeof read>): Dataset {
  const reading = read(...args);
  if (reading.dataset === undefined) throw new Error(reading.failure);
  return reading.dataset;
}

/** The layer's only one of addresses. */
export function layerOf({ group }: Dataset): AddressLayer {
  const [layer] = group?.branches[0]?.addresses ?? [];
  if (layer === undefined) throw new Error('no address layer');
  return layer;
}

/** What the dataset answers for an IPv4 address, in short; undefined where it is not listed. */
export function answer4(set: Dataset, address: number): string[] | undefined {
  const { firsts, lasts, answers } = layerOf(set);
  for (let k = 0; k < answers.length; k++) {
    if ((firsts[k] as number) <= address && address <= (lasts[k] as number)) {
      return inShort(set.answers[answers[k] as number] as ZoneAnswer);
    }
  }
  return undefined;
}

/** Records such as `A 2` (of 127.0.0.2) and `TXT a text for <subject>`. */
export function inShort({ records }: ZoneAnswer): string[] {
  return records.map((record) => {
    if (record.type === 'A') {
      const { address } = record;
      return `A ${address >>> 8 === 0x7f0000 ? address & 255 : dotted(address)}`;
    }
    if (record.type === 'MX') return `MX ${record.preference}`;
    const parts = record.text.map((part) =>
      typeof part === 'string' ? `<${part}>` : Buffer.from(part).toString('latin1'),
    );
    return `TXT ${parts.join('')}`;
  });
}

export function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** Names of a dataset with their kind (`=` exact, `*` wildcard) and answers. */
export function names({ group, answers }: Dataset): Record<string, string[] | 'excluded'> {
  const found: Record<string, string[] | 'excluded'> = {};
  for (const layer of group?.branches[0]?.names ?? []) {
    for (let k = 0; k < layer.answers.length; k++) {
      const labels: string[] = [];
      const end = layer.offsets[k + 1] as number;
      for (let at = layer.offsets[k] as number; at < end; at += 1 + (layer.bytes[at] as number)) {
        const label = layer.bytes.slice(at + 1, at + 1 + (layer.bytes[at] as number));
        labels.push(Buffer.from(label).toString('latin1'));
      }
      const answer = layer.answers[k] as number;
      found[`${layer.kinds[k] === 1 ? '=' : '*'}${labels.join('.')}`] =
        answer === EXCLUDED ? 'excluded' : inShort(answers[answer] as ZoneAnswer);
    }
  }
  return found;
}
