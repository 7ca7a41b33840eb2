import { cpus, release, totalmem } from 'node:os';

import { type Outcome, type Row, isSkipped } from './row.js';

const HEAD = ['', 'ours', 'against', 'ratio', 'goal', 'met'];

/** What the numbers were measured on. */
export function machineLine(): string {
  const all = cpus();
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  const model = all[0]?.model.trim() ?? 'unknown processor';
  return `${model}, ${all.length} cores, ${memory}, Linux ${release()}, Node ${process.version}`;
}

/** The table for a terminal, columns aligned. */
export function tableText(outcomes: readonly Outcome[]): string {
  const rows = [HEAD, ...outcomes.map(cellsOf)];
  const widths = HEAD.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** docs/performance.md. */
export function documentText(outcomes: readonly Outcome[], command: string): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    '# Performance',
    '',
    'Written by `' + command + '`; do not edit. Nothing here is asserted by a test: times depend',
    'on the machine, ratios less so. Both sides run in turn in one run, after a warm-up; what',
    'stands here are medians. The ratio of whole processes is of wall time, with that of CPU time',
    '(user and system, children included) beside it; functions are timed in CPU time.',
    '',
    machineLine(),
    '',
    line(HEAD),
    line(HEAD.map(() => '---')),
    ...outcomes.map((outcome) => line(cellsOf(outcome))),
    '',
    '## What the rows mean',
    '',
    ...outcomes.flatMap((outcome) =>
      isSkipped(outcome) ? [] : [`- **${outcome.name}**: ${outcome.meaning}`],
    ),
    '',
  ].join('\n');
}

function cellsOf(outcome: Outcome): string[] {
  if (isSkipped(outcome)) return [outcome.name, `not measured: ${outcome.reason}`, '', '', '', ''];
  const { name, ours, other, goal, met } = outcome;
  return [
    name,
    sideText(ours),
    other ? sideText(other) : '',
    ratiosText(outcome),
    goal,
    met === undefined ? '' : met ? 'yes' : 'no',
  ];
}

function sideText({ name, value }: Row['ours']): string {
  return `${name}: ${value}`;
}

function ratiosText({ ratio, cpuRatio }: Row): string {
  if (ratio === undefined) return '';
  return cpuRatio === undefined
    ? ratioText(ratio)
    : `${ratioText(ratio)} (CPU ${ratioText(cpuRatio)})`;
}

function ratioText(ratio: number): string {
  return ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(ratio < 0.1 ? 3 : 2);
}
