/** The units that people write times in, in milliseconds, the smallest first. */
export const UNIT_MS = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const;

/**
 * @param text a whole number and a unit, such as `90m`
 * @returns milliseconds; undefined where it is no such text, or no unit that there is
 */
export function timeMs(text: string): number | undefined {
  const [, count = '', unit = ''] = /^(\d+)([a-z])$/.exec(text) ?? [];
  if (!Object.hasOwn(UNIT_MS, unit)) return undefined;
  return Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
}
