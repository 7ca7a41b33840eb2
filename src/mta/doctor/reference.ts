import { FINDINGS, type FindingKind } from './finding-table.js';

/** The table of findings for documentation, as Markdown. */
export function findingsReference(): string {
  const rows = Object.entries<FindingKind>(FINDINGS).map(
    ([name, { severity, text, cure }]) =>
      `| \`${name}\` | ${severity} | ${escape(text)} | ${cure === undefined ? '' : escape(cure)} |`,
  );
  return `| finding | | what it says | cure |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('*', '\\*');
}
