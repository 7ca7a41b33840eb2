import { formatName } from '../wire/name.js';
import type { ZoneSource } from '../zone/zone-source.js';

/** The content that each zone had when it could last be loaded. */
export class LastGood {
  #zones = new Map<string, ZoneSource>();

  /**
   * Puts the last good content in place of zones that failed, and remembers what is good now.
   *
   * @returns the zones to be served, and a line for each that failed
   */
  apply(zones: readonly ZoneSource[]): { zones: ZoneSource[]; warnings: string[] } {
    const warnings: string[] = [];
    const next = new Map<string, ZoneSource>();
    const served = zones.map((zone) => {
      const name = formatName(zone.name);
      const known = this.#zones.get(name);
      if (zone.failed === undefined) {
        next.set(name, zone);
        return zone;
      }
      const instead = known ? 'its old content is served' : 'SERVFAIL is served';
      warnings.push(`zone ${name}: ${zone.failed}; ${instead}`);
      if (known === undefined) return zone;
      next.set(name, known);
      return known;
    });
    this.#zones = next;
    return { zones: served, warnings };
  }
}
