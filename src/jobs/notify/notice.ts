/** What is told of a thing that lasts: its beginning, that it lasts, its end; or a single event. */
export type NoticePhase = 'begins' | 'lasts' | 'ends' | 'happened';

/**
 * `update`: updates fail. `stale`: the DNSBL's data is too old. `change`: a list changed much.
 * `drift`: the kernel was not as it had been left, and was put right.
 */
export type NoticeKind = 'update' | 'stale' | 'change' | 'drift';

/** One thing to tell. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly phase: NoticePhase;
  /** One line. */
  readonly message: string;
  /** Further lines. */
  readonly details: readonly string[];
  /** When what lasts began; ISO 8601, UTC. */
  readonly since?: string;
}

/** Something that lasts until it is mended. */
export interface Condition {
  readonly kind: 'update' | 'stale';
  readonly message: string;
  readonly details: readonly string[];
  /** ISO 8601, UTC. */
  readonly since: string;
  /** Not yet worth a notice: it may pass by itself. */
  readonly isMinor: boolean;
}

/** Something that happened once. */
export interface Happening {
  readonly kind: 'change' | 'drift';
  /** What it happened to: with `mark` tells it from what was told before. */
  readonly subject: string;
  readonly mark: string;
  readonly message: string;
  readonly details: readonly string[];
}

/** How things stand. */
export interface Situation {
  /** Kinds that were looked at: of these, what is not among the conditions is over. */
  readonly judged: readonly Condition['kind'][];
  readonly conditions: readonly Condition[];
  readonly happenings: readonly Happening[];
}
