import { readFileSync } from 'node:fs';

import { TELLS_SECRET, type ZoneSecrets } from '../../config/zone-secrets.js';
import { codeOf } from '../../util/errors.js';
import type { DatasetSpec } from '../rbldnsd/load-zones.js';
import type { TextPart, ZoneAnswer, ZoneRecord, ZoneSource } from '../zone/zone-source.js';

/** A zone whose TXT records tell no secret, and whether any did. */
export interface HiddenZone {
  readonly zone: ZoneSource;
  readonly hasHidden: boolean;
}

/** Mail servers put TXT records into their replies. */
export function hideSecrets(zone: ZoneSource, secrets: ZoneSecrets): HiddenZone {
  if (secrets.isEmpty) return { zone, hasHidden: false };
  let hidings = 0;
  const hidden = (record: ZoneRecord): ZoneRecord => {
    if (record.type !== 'TXT') return record;
    const text = joined(record.text).map((part): TextPart => {
      if (typeof part === 'string') return part;
      const before = Buffer.from(part).toString('latin1');
      const after = secrets.hiddenIn(before);
      if (after === before) return part;
      hidings += 1;
      return new Uint8Array(Buffer.from(after, 'latin1'));
    });
    return { ...record, text };
  };
  const answers = zone.answers.map((answer): ZoneAnswer => ({
    ...answer,
    records: answer.records.map(hidden),
  }));
  const isSame = hidings === 0;
  return isSame ? { zone, hasHidden: false } : { zone: { ...zone, answers }, hasHidden: true };
}

/** Bytes that follow each other are one piece: a secret may lie across. */
function joined(parts: readonly TextPart[]): readonly TextPart[] {
  const out: TextPart[] = [];
  for (const part of parts) {
    const last = out.pop();
    if (last === undefined) out.push(part);
    else if (typeof last === 'string' || typeof part === 'string') out.push(last, part);
    else out.push(new Uint8Array(Buffer.concat([last, part])));
  }
  return out;
}

/** Where rbldnsd's files tell a secret: the lines that have it in one piece, else the files. */
export function secretLines(specs: readonly DatasetSpec[], secrets: ZoneSecrets): string[] {
  const files = [...new Set(specs.flatMap((spec) => spec.files))];
  const found = files.flatMap((path) => {
    const line = lineOf(path, secrets);
    return line === undefined ? [] : [`${path}:${line}: a text ${TELLS_SECRET}`];
  });
  return found.length > 0 ? found : [`${files.join(', ')}: a text ${TELLS_SECRET}`];
}

/** The first that tells one; undefined where none does, or the file is packed or gone by now. */
function lineOf(path: string, secrets: ZoneSecrets): number | undefined {
  try {
    const lines = readFileSync(path, 'latin1').split('\n');
    const index = lines.findIndex((line) => !line.startsWith('#') && secrets.areIn(line));
    return index < 0 ? undefined : index + 1;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}
