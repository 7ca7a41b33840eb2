import { REGISTRY_NAMES, type RegistryName } from '../config/registry-names.js';
import { damageText, findDamage, isWhole } from './statistics/check.js';
import { scanStatistics } from './statistics/scan.js';
import { type StoredFacts, type StoredFile, readStored } from './store.js';
import { type AddressCounts, type Snapshot, snapshotOf, totalsOf } from './trust.js';

/** What a new file of a registry follows. */
export interface LastGood {
  readonly sha256: string;
  readonly facts: StoredFacts | undefined;
  readonly serial: string;
}

/**
 * The last good files as they are when a run begins. They are looked into only when a file has
 * come that has to be compared, and then all at once, before any of them is replaced.
 */
export class Predecessors {
  /** Remarks for a person: stored files that are damaged, and so not used. */
  readonly notes = new Map<RegistryName, string>();

  readonly #state: string;
  readonly #known = new Map<RegistryName, LastGood>();
  #snapshots: Map<RegistryName, Snapshot> | undefined;
  #totals: ReadonlyMap<string, AddressCounts> = new Map();

  /** @throws SystemError where a file is there and cannot be read */
  constructor(state: string) {
    this.#state = state;
    for (const registry of REGISTRY_NAMES) {
      const stored = readStored(state, registry);
      const serial = stored?.facts?.serial ?? (stored && this.#serialOf(stored));
      if (stored === undefined || serial === undefined) continue;
      this.#known.set(registry, { sha256: stored.sha256, facts: stored.facts, serial });
    }
  }

  /** Undefined where there is no last good file. */
  get(registry: RegistryName): LastGood | undefined {
    return this.#known.get(registry);
  }

  registries(): RegistryName[] {
    return [...this.#known.keys()];
  }

  /** What is compared of the last good file. */
  snapshot(registry: RegistryName): Snapshot | undefined {
    return this.#load().get(registry);
  }

  /** What each country has in all of them. */
  totals(): ReadonlyMap<string, AddressCounts> {
    this.#load();
    return this.#totals;
  }

  #load(): Map<RegistryName, Snapshot> {
    if (this.#snapshots !== undefined) return this.#snapshots;
    this.#snapshots = new Map();
    for (const registry of this.#known.keys()) {
      const stored = readStored(this.#state, registry);
      const file = stored && scanStatistics(stored.bytes);
      if (file && isWhole(file, [registry])) this.#snapshots.set(registry, snapshotOf(file));
    }
    this.#totals = totalsOf([...this.#snapshots.values()]);
    return this.#snapshots;
  }

  /** Serial of a file that nothing is written down about: it has to speak for itself. */
  #serialOf({ registry, path, bytes }: StoredFile): string | undefined {
    const file = scanStatistics(bytes);
    const damage = findDamage(file, [registry]);
    if (damage === undefined) return file.header?.serial;
    this.notes.set(
      registry,
      `the stored file is damaged and was not used: ${damageText(path, damage)}`,
    );
    return undefined;
  }
}
