import { parse } from 'csv-parse/sync';

import { scanStatistics } from '../../../src/sources/statistics/scan.js';
import { bytesToScan, recordsOf, repeatedTo } from '../../inputs/statistics-files.js';
import { callInTurn } from '../../measure/functions.js';
import type { Benchmark, Row } from '../../row.js';

const GOAL_MB_PER_SECOND = 150;
const GOAL_GROWTH = 12;
const SMALL = 5e6;
const LARGE = 50e6;

/** The byte scanner: its speed, how its time grows with the file, and csv-parse on the same bytes. */
export const benchmarkScan: Benchmark = ({ runs }) => {
  const rows = [
    ...rowsOf('plain', bytesToScan('delegated-apnic-20260618', false), runs),
    ...rowsOf('extended', bytesToScan('delegated-apnic-extended-20160131', true), runs),
  ];
  return Promise.resolve(rows);
};

function rowsOf(
  edition: string,
  { bytes, origin }: { bytes: Buffer; origin: string },
  runs: number,
): Row[] {
  const small = repeatedTo(bytes, SMALL);
  const large = repeatedTo(bytes, LARGE);
  const [smallMs = NaN, largeMs = NaN] = callInTurn(runs, 2, [
    () => assertRecords(scanStatistics(small)),
    () => assertRecords(scanStatistics(large)),
  ]);
  const records = recordsOf(small);
  const [csvMs = NaN] = callInTurn(Math.ceil(runs / 3), 1, [() => parseAsCsv(records)]);
  const speed = (length: number, ms: number): number => length / 1e6 / (ms / 1000);
  const text = (length: number, ms: number): string =>
    `${speed(length, ms).toFixed(0)} MB/s (${(length / 1e6).toFixed(0)} MB in ${ms.toFixed(0)} ms)`;
  const growth = largeMs / smallMs;
  return [
    {
      name: `scan, ${edition}`,
      meaning:
        `\`scanStatistics\` on one core over ${origin}, its records repeated to 50 MB. Against it ` +
        'csv-parse (its synchronous form, rows as arrays of text) on the records of 5 MB of the ' +
        'same, without the lines at the top, whose other number of fields costs it much more. ' +
        'The ratio is for equal bytes.',
      ours: { name: 'scanStatistics', value: text(large.length, largeMs) },
      other: { name: 'csv-parse', value: text(records.length, csvMs) },
      ratio: largeMs / large.length / (csvMs / records.length),
      goal: `≥ ${GOAL_MB_PER_SECOND} MB/s`,
      met: speed(large.length, largeMs) >= GOAL_MB_PER_SECOND,
    },
    {
      name: `scan, ${edition}, growth`,
      meaning: 'The time for 50 MB divided by that for 5 MB.',
      ours: { name: '50 MB', value: `${largeMs.toFixed(1)} ms` },
      other: { name: '5 MB', value: `${smallMs.toFixed(1)} ms` },
      ratio: growth,
      goal: `≤ ${GOAL_GROWTH}`,
      met: growth <= GOAL_GROWTH,
    },
  ];
}

function assertRecords(file: ReturnType<typeof scanStatistics>): void {
  if (file.faultCount > 0 || file.ipv4.length === 0) throw new Error('the scan found faults');
}

function parseAsCsv(bytes: Buffer): void {
  const rows = parse(bytes, {
    delimiter: '|',
    comment: '#',
    relax_column_count: true,
    quote: null,
  });
  if (rows.length < 1000) throw new Error(`csv-parse found ${rows.length} rows`);
}
