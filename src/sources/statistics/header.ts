import { parseSerial } from './serial.js';

/**
 * The version line of a statistics file:
 * `version|registry|serial|records|startdate|enddate|UTCoffset`
 * (RIR statistics exchange format, https://www.apnic.net/about-apnic/corporate-documents/documents/resource-guidelines/rir-statistics-exchange-format/).
 */
export interface StatisticsHeader {
  /** `2`, or `2.3` and the like. */
  readonly version: string;
  readonly registry: string;
  /** As written: a date, Unix seconds or Unix milliseconds. */
  readonly serial: string;
  /** The serial as a time, milliseconds since 1970. */
  readonly serialTimeMs: number;
  /** Number of records that the header promises; wrong in some real files, so not relied on. */
  readonly records: number;
  /** yyyymmdd; empty or zeros in some. */
  readonly startDate: string;
  readonly endDate: string;
}

const HEADER_EXPECTED = '2|registry|serial|records|startdate|enddate|offset';

/** Reads the version line, or says what was expected instead. */
export function parseHeader(line: string): StatisticsHeader | { readonly expected: string } {
  const fields = line.split('|');
  if (fields.length !== 7) return { expected: `a header line ${HEADER_EXPECTED}` };
  const [version, registry, serial, records, startDate, endDate] = fields as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  if (!/^2(\.\d+)?$/.test(version)) return { expected: 'version 2 or 2.x in the header' };
  const serialTimeMs = parseSerial(serial);
  if (serialTimeMs === undefined) {
    return { expected: 'a serial in the header that is a date, seconds or milliseconds' };
  }
  if (!/^\d+$/.test(records)) return { expected: 'a number of records in the header' };
  return {
    version,
    registry,
    serial,
    serialTimeMs,
    records: Number(records),
    startDate,
    endDate,
  };
}
