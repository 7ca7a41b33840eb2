/** One side of a comparison, as the table shows it. */
export interface Side {
  readonly name: string;
  /** With its unit, such as `412 ms wall, 430 ms CPU`. */
  readonly value: string;
}

/** One line of the table. */
export interface Row {
  readonly name: string;
  /** What was measured and how, for docs/performance.md. */
  readonly meaning: string;
  readonly ours: Side;
  /** What ours is measured against, where it is measured against something. */
  readonly other?: Side;
  /** Ours divided by the other; of processes, of wall time. */
  readonly ratio?: number;
  /** The same of CPU time, where both sides are processes. */
  readonly cpuRatio?: number;
  /** Empty where the row is for information. */
  readonly goal: string;
  /** Undefined where there is no goal. */
  readonly met?: boolean;
}

/** A row that could not be measured here, and why. */
export interface SkippedRow {
  readonly name: string;
  readonly reason: string;
}

export type Outcome = Row | SkippedRow;

/** Makes rows. What a benchmark leaves on the disk goes into `folder`, which is removed at the end. */
export type Benchmark = (context: {
  readonly folder: string;
  /** Counted runs of each side. */
  readonly runs: number;
}) => Promise<readonly Outcome[]>;

export function isSkipped(outcome: Outcome): outcome is SkippedRow {
  return 'reason' in outcome;
}

/** The middle value; of an even number of values the lower of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new Error('the median of no values was asked for');
  return middle;
}
