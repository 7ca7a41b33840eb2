/** What goes on is told again so often. */
const AGAIN_MS = 86_400_000;

/**
 * What a service has said of the things that it looks at again and again. A line that stays true
 * is said once a day; one that was untrue in between is news.
 */
export class ToldBefore {
  #told: ReadonlyMap<string, number> = new Map();

  /**
   * @param lines all that are true now
   * @param nowMs of a clock that is never set
   * @returns those that are to be said
   */
  newsIn(lines: readonly string[], nowMs = performance.now()): string[] {
    const told = new Map<string, number>();
    const news: string[] = [];
    for (const line of lines) {
      if (told.has(line)) continue;
      const lastMs = this.#told.get(line);
      const isNews = lastMs === undefined || nowMs - lastMs >= AGAIN_MS;
      if (isNews) news.push(line);
      told.set(line, isNews ? nowMs : lastMs);
    }
    this.#told = told;
    return news;
  }

  /** Whoever asks is told everything. */
  forget(): void {
    this.#told = new Map();
  }
}
