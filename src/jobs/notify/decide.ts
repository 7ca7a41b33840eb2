import type { Condition, Notice, Situation } from './notice.js';

/** What was told: the content of `notified.json` in the state folder. Times are ISO 8601, UTC. */
export interface NotifyMemory {
  readonly format: 1;
  /** What lasts, by kind. */
  readonly conditions: Readonly<Partial<Record<Condition['kind'], ToldCondition>>>;
  /** Of each subject of each kind of event, the mark of the last one that was told. */
  readonly happenings: Readonly<Record<string, string>>;
}

export interface ToldCondition {
  readonly since: string;
  readonly toldAt: string;
  readonly message: string;
}

export const NOTHING_TOLD: NotifyMemory = { format: 1, conditions: {}, happenings: {} };

/** A daily run takes longer on some days: it is not to wait for the next day on that account. */
const SLACK = 0.05;

/**
 * What is to be told now: what begins, what has lasted for so long since it was told, what is
 * over, and what happened. Pure.
 *
 * @returns the notices, and what is remembered once they were told
 */
export function decideNotices(
  { judged, conditions, happenings }: Situation,
  memory: NotifyMemory,
  nowMs: number,
  repeatMs: number,
): { readonly notices: readonly Notice[]; readonly memory: NotifyMemory } {
  const notices: Notice[] = [];
  const told = new Map(Object.entries(memory.conditions));
  const now = new Date(nowMs).toISOString();
  for (const kind of judged) {
    const before = memory.conditions[kind];
    const condition = conditions.find((each) => each.kind === kind);
    if (condition === undefined) {
      if (before === undefined) continue;
      notices.push({
        kind,
        phase: 'ends',
        message: `mended: ${before.message}`,
        details: [],
        since: before.since,
      });
      told.delete(kind);
      continue;
    }
    if (before === undefined ? condition.isMinor : !isDue(before, nowMs, repeatMs)) continue;
    const { message, details } = condition;
    const since = before?.since ?? condition.since;
    notices.push({
      kind,
      phase: before === undefined ? 'begins' : 'lasts',
      message,
      details,
      since,
    });
    told.set(kind, { since, toldAt: now, message });
  }
  const marks: Record<string, string> = { ...memory.happenings };
  for (const { kind, subject, mark, message, details } of happenings) {
    const key = `${kind} ${subject}`;
    if (marks[key] === mark) continue;
    marks[key] = mark;
    notices.push({ kind, phase: 'happened', message, details });
  }
  return {
    notices,
    memory: { format: 1, conditions: Object.fromEntries(told), happenings: marks },
  };
}

/** Also where the clock went back behind the time at which it was told. */
function isDue({ toldAt }: ToldCondition, nowMs: number, repeatMs: number): boolean {
  const sinceMs = nowMs - Date.parse(toldAt);
  return !(sinceMs >= 0 && sinceMs < repeatMs * (1 - SLACK));
}
