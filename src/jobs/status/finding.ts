/** What can be wrong, by name: names stay, texts may be worded anew. */
export const FINDING_NAMES = [
  'drift',
  'firewall-unread',
  'data-missing',
  'data-unread',
  'lists-unread',
  'part-failed',
  'zone-failed',
  'data-old',
  'zones-stale',
  'registry-unreached',
  'feed-old',
  'lists-lacking',
  'update-failed',
  'update-partial',
  'update-killed',
  'update-overdue',
  'update-unread',
  'clock-back',
  'state-unwritable',
  'confirmation-pending',
  'held-after-rollback',
  'service-silent',
  'service-warning',
] as const;
export type FindingName = (typeof FINDING_NAMES)[number];

/** Something that a person should know. */
export interface Finding {
  readonly name: FindingName;
  /** A failure means exit code 1, a warning 3. */
  readonly severity: 'failure' | 'warning';
  readonly text: string;
}
