import { between, readPage, tableRows } from '../docs/markdown.js';

/** The cells of a row of the table in docs/mail.md, behind its name. */
export function mailRow(name: string): string[] {
  const rows = tableRows(between(readPage('docs/mail.md'), 'mail-servers'));
  const row = rows.find(([first]) => first === name);
  if (row === undefined) throw new Error(`docs/mail.md has no row ${name}`);
  return row.slice(1);
}
