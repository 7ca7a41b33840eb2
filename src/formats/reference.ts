import { FORMATS } from './index.js';

/** The table of formats in README.md (Markdown), each linked to its section of docs/formats.md. */
export function formatsReference(): string {
  const rows = FORMATS.map(({ name, summary, holdsSeveralLists }) => [
    `[\`${name}\`](docs/formats.md#${name})`,
    summary,
    holdsSeveralLists ? 'several' : 'one',
  ]);
  const lines = [['format', 'what it writes', 'lists in a file'], ['---', '---', '---'], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}
