import { timeMs } from '../util/time-units.js';

/** Milliseconds of a time such as 90m, 12h, 7d or 4w; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  return /^[1-9]\d{0,8}[smhdw]$/.test(text) ? timeMs(text) : undefined;
}
