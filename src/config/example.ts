import { stringify } from 'yaml';

import { type OptionDescription, describeOptions } from './options.js';

/** Width at which descriptions are broken. */
const WIDTH = 88;

/**
 * A configuration with every option, its description and its default or an example. What has
 * a default is commented out, so that the file says only what was chosen.
 *
 * @param schedule cron expression to propose
 */
export function exampleConfig(schedule: string): string {
  const head = [
    '# Configuration of Sekisho. Paths are relative to this file.',
    '# Check it with: sekisho config check',
    '# Lines for /etc/cron.d/sekisho (without the marks):',
    '#   PATH=/usr/local/bin:/usr/bin:/bin',
    `#   ${schedule} root sekisho update`,
    '',
  ];
  const body = describeOptions().flatMap((option) => {
    const given = option.path[0] === 'schedule' ? { ...option, example: schedule } : option;
    return [...optionLines(given, ''), ''];
  });
  return [...head, ...body].join('\n');
}

function optionLines(option: OptionDescription, indent: string, isInComment = false): string[] {
  const key = option.path.at(-1) ?? '';
  const lines = comment(option.description, indent);
  if (option.example !== undefined && !isInComment) {
    return [...lines, ...valueLines(key, option.example).map((line) => indent + line)];
  }
  const inner = option.children.filter(
    ({ path }) => !path.includes('<name>') && !path.includes('[]'),
  );
  if (inner.length > 0) {
    const below = inner.flatMap((child) => optionLines(child, `${indent}  `, true));
    return [...lines, `${indent}# ${key}:`, ...below];
  }
  const value = option.example ?? option.default ?? '';
  const shown = isInComment ? [`${key}: ${flow(value)}`] : valueLines(key, value);
  return [...lines, ...shown.map((line) => `${indent}# ${line}`)];
}

function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < WIDTH) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(`${indent}# ${word}`);
    }
  }
  return lines;
}

/** `key: value`, with maps of one level and lists in one line each. */
function valueLines(key: string, value: unknown): string[] {
  if (Array.isArray(value) && value.length > 0 && value.every(isObject)) {
    return [`${key}:`, ...value.map((item) => `  - ${flow(item)}`)];
  }
  if (isObject(value) && !isEmptyObject(value)) {
    const entries = Object.entries(value).map(([name, item]) => `  ${name}: ${flow(item)}`);
    return [`${key}:`, ...entries];
  }
  return [`${key}: ${flow(value)}`];
}

function flow(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmptyObject(value: unknown): boolean {
  return isObject(value) && Object.keys(value).length === 0;
}
