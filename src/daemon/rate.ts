/** The pace of a count over the last minute; the clock is in the arguments. */
export class Rate {
  readonly #samples: { readonly atMs: number; readonly count: number }[] = [];

  /** To be called every ten seconds or so. @param atMs of a clock that never goes back */
  add(atMs: number, count: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && count < last.count) this.#samples.length = 0; // counted anew
    this.#samples.push({ atMs, count });
    while ((this.#samples[1]?.atMs ?? Infinity) <= atMs - WINDOW_MS) this.#samples.shift();
  }

  /** Between the oldest sample of the last minute and now. */
  perSecond(nowMs: number, count: number): number {
    const [first] = this.#samples;
    if (first === undefined || nowMs <= first.atMs || count < first.count) return 0;
    return Math.round(((count - first.count) / (nowMs - first.atMs)) * 1_000_000) / 1000;
  }
}

const WINDOW_MS = 60_000;
