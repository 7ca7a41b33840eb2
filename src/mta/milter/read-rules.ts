import { readFileSync } from 'node:fs';

import type { LoadedConfig } from '../../config/load.js';
import type { MilterConfig } from '../../config/schema.js';
import { TELLS_SECRET, ZoneSecrets } from '../../config/zone-secrets.js';
import { UsageError } from '../../util/errors.js';
import { reasonOf } from '../../util/system-error.js';
import { parseRules } from './rules/parse-rules.js';
import { NO_RULES, type RuleSet } from './rules/rule-set.js';

/**
 * The rule file, and remarks on what in it is passed over.
 *
 * @throws UsageError naming file, line, what was found and what was expected
 */
export function readRules(
  { config, resolvePath }: LoadedConfig,
  { rules }: MilterConfig,
): { readonly rules: RuleSet; readonly warnings: readonly string[] } {
  if (rules === undefined) return { rules: NO_RULES, warnings: [] };
  const path = resolvePath(rules);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const expected = 'a rule file, which may be empty';
    throw new UsageError(`${path}: ${reasonOf(error)}; expected ${expected}`);
  }
  const parsed = parseRules(text);
  if ('expected' in parsed) {
    const found = JSON.stringify(parsed.found);
    throw new UsageError(`${path}:${parsed.line}: found ${found}; expected ${parsed.expected}`);
  }
  const warnings = parsed.leftOut.map(
    (line) => `${path}:${line}: the rule looks at the body, which is not read; it is left out`,
  );
  const { rules: withoutSecrets, lines } = hideInReplies(parsed, new ZoneSecrets(config));
  warnings.push(...lines.map((line) => `${path}:${line}: the text above ${TELLS_SECRET}`));
  return { rules: withoutSecrets, warnings };
}

/** Rules whose replies tell no secret, and lines of those that did. */
function hideInReplies(
  set: RuleSet,
  secrets: ZoneSecrets,
): { readonly rules: RuleSet; readonly lines: readonly number[] } {
  const lines = set.rules.flatMap(({ line, action }) => (secrets.areIn(action.reply) ? line : []));
  const rules = set.rules.map((rule) => {
    const reply = secrets.hiddenIn(rule.action.reply);
    return { ...rule, action: { ...rule.action, reply } };
  });
  return { rules: { ...set, rules }, lines };
}
