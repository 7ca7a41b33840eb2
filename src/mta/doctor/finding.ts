import { FINDINGS, type FindingKind, type FindingName, type Severity } from './finding-table.js';

/** Something that the doctor has to say, and what mends it. */
export interface Finding {
  readonly name: FindingName;
  readonly severity: Severity;
  readonly text: string;
  readonly cure?: string;
}

/**
 * A finding with the capital words of its text and cure filled in.
 *
 * @throws Error where a word has no value: a defect of the check
 */
export function finding(name: FindingName, words: Readonly<Record<string, string>> = {}): Finding {
  const { severity, text, cure }: FindingKind = FINDINGS[name];
  return {
    name,
    severity,
    text: fill(name, text, words),
    ...(cure !== undefined && { cure: fill(name, cure, words) }),
  };
}

/** A capital word that a check fills in, as it stands in the table. */
const WORDS = [
  ...['ACTION', 'ADDRESS', 'ASKED', 'CHROOT_FILE', 'CODE', 'CODES', 'ENDPOINT', 'EXPECTED'],
  ...[
    'FILTERED',
    'FORWARDING',
    'FOUND',
    'LISTS',
    'MISSING',
    'NAME',
    'NUMBER',
    'OWNER',
    'PERMISSION',
  ],
  ...['PLACE', 'PROGRAM', 'REASON', 'REPLY', 'RESOLVER', 'RESOLVERS', 'RESOLV_CONF', 'SECONDS'],
  ...['SERVERS', 'SERVICES', 'UNSIGNED', 'WHAT', 'WHO', 'WHY', 'ZONE'],
];
const WORD = new RegExp(`\\b(?:${WORDS.join('|')})\\b`, 'g');

/** Words of the cure of `no-mail-server` that a person fills in. */
const LEFT_OPEN: ReadonlySet<FindingName> = new Set(['no-mail-server']);

function fill(name: FindingName, text: string, words: Readonly<Record<string, string>>): string {
  return text.replaceAll(WORD, (word) => {
    const value = words[word];
    if (value !== undefined) return value;
    if (LEFT_OPEN.has(name)) return word;
    throw new Error(`the finding ${name} has no value for ${word}`);
  });
}

/** The worst of findings. */
export function worstOf(findings: readonly Finding[]): Severity {
  const order: readonly Severity[] = ['failure', 'warning', 'info', 'good'];
  return order.find((one) => findings.some(({ severity }) => severity === one)) ?? 'good';
}
