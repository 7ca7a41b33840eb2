/** What a check is called in counters and logs. */
export const CHECKS = ['list', 'helo_no_dot', 'helo_own', 'rule', 'behind_known'] as const;
export type Check = (typeof CHECKS)[number];

/** What became of what a check found. */
export const OUTCOMES = [
  'found',
  'rejected',
  'tempfailed',
  'passed',
  'discarded',
  'quarantined',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/**
 * `found`: connections or messages that a check had something against. The others count answers
 * to recipients and messages: refused for good or for now, discarded, held, or let pass all the same
 * (exempt recipients, dry run, behind a known host).
 */
export type OutcomeCounts = Record<Outcome, number>;

/** Numbers since the start; they only grow. */
export interface MilterCounters {
  /** SMTP connections that were told of. */
  sessions: number;
  messages: number;
  recipients: number;
  /** SMTP connections that were not judged, by why. */
  readonly notJudged: Record<NotJudged, number>;
  readonly checks: Record<Check, OutcomeCounts>;
  /** The same for each list, of the checks `list` and `behind_known`. */
  readonly lists: Record<string, OutcomeCounts>;
  /** Headers of our name that came with a message and were taken out. */
  forgedHeaders: number;
  /** Sessions in which something failed here. */
  failures: number;
  readonly connections: {
    accepted: number;
    /** Closed at once: there were too many. */
    refused: number;
    /** Closed for silence, half a packet, or answers that were not read. */
    timedOut: number;
    /** Closed for what is no packet of the protocol. */
    malformed: number;
  };
}

/** Why a client is not judged; `known` ones are, by whom they took the mail from. */
export const NOT_JUDGED = ['allowed', 'authenticated', 'submission', 'local', 'known'] as const;
export type NotJudged = (typeof NOT_JUDGED)[number];

export function newCounters(): MilterCounters {
  return {
    sessions: 0,
    messages: 0,
    recipients: 0,
    notJudged: { allowed: 0, authenticated: 0, submission: 0, local: 0, known: 0 },
    checks: {
      list: newOutcomes(),
      helo_no_dot: newOutcomes(),
      helo_own: newOutcomes(),
      rule: newOutcomes(),
      behind_known: newOutcomes(),
    },
    lists: {},
    forgedHeaders: 0,
    failures: 0,
    connections: { accepted: 0, refused: 0, timedOut: 0, malformed: 0 },
  };
}

/** Counts an outcome of a check, and of the list that it found, if any. */
export function countOutcome(
  counters: MilterCounters,
  { check, list }: { readonly check: Check; readonly list?: string },
  outcome: Outcome,
): void {
  counters.checks[check][outcome] += 1;
  if (list !== undefined) (counters.lists[list] ??= newOutcomes())[outcome] += 1;
}

/** Lines for a log: what was counted, without what is zero. */
export function counterLines(counters: MilterCounters): string[] {
  const { sessions, messages, recipients, notJudged, checks, lists, connections } = counters;
  const { forgedHeaders, failures } = counters;
  return [
    `sessions ${sessions}, messages ${messages}, recipients ${recipients}, ` +
      `forged headers ${forgedHeaders}, failures ${failures}`,
    `connections: ${numbersText(connections)}`,
    `not judged: ${numbersText(notJudged)}`,
    ...Object.entries(checks).map(([name, counts]) => `check ${name}: ${numbersText(counts)}`),
    ...Object.entries(lists).map(([name, counts]) => `list ${name}: ${numbersText(counts)}`),
  ];
}

function numbersText(numbers: Readonly<Record<string, number>>): string {
  return Object.entries(numbers)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

function newOutcomes(): OutcomeCounts {
  return { found: 0, rejected: 0, tempfailed: 0, passed: 0, discarded: 0, quarantined: 0 };
}
