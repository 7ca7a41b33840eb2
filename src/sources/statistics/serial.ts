/**
 * Time of a serial in milliseconds since 1970. Registries write it as a date (`20260618`),
 * as Unix seconds (RIPE NCC) or as Unix milliseconds (ARIN, extended). Undefined for
 * anything else. Only comparable within one registry and edition.
 */
export function parseSerial(text: string): number | undefined {
  if (/^\d{8}$/.test(text)) {
    const [year, month, day] = [text.slice(0, 4), text.slice(4, 6), text.slice(6, 8)];
    const time = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
    return Number.isNaN(time) ? undefined : time;
  }
  if (/^\d{9,10}$/.test(text)) return Number(text) * 1000;
  if (/^\d{12,13}$/.test(text)) return Number(text);
  return undefined;
}
