import type { ListLines } from './catalogue.js';

/**
 * Keeps the lines of every list between two loads: where a file cannot be used any more, its list
 * stays what it was, and its entries still run out in time, while all else goes on.
 */
export class KeptLines {
  #kept = new Map<string, ListLines>();

  /**
   * The lines that the list had, or undefined where it was never read.
   *
   * @param path a list that is read from elsewhere now has none
   */
  of(name: string, path: string): ListLines | undefined {
    const lines = this.#kept.get(name);
    return lines?.path === path ? lines : undefined;
  }

  /** Remembers what lists were made from; others are forgotten. */
  keep(lines: ReadonlyMap<string, ListLines>): void {
    this.#kept = new Map(lines);
  }
}
