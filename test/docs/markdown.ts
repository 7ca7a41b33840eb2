import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A page of the repository, by its path from the top. */
export function readPage(path: string): string {
  return readFileSync(ROOT + path, 'utf8');
}

/** A fenced block of a page. */
export interface Block {
  /** The word behind the fence. */
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a page or a part of it. */
export function blocksOf(markdown: string): Block[] {
  const fences = markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms);
  return [...fences].map(([, language = '', text = '']) => ({ language, text }));
}

/** The one block of docs/dnsbl.md in a language of settings, such as `unbound`. */
export function snippet(language: string): string {
  const blocks = blocksOf(readPage('docs/dnsbl.md')).filter((block) => block.language === language);
  if (blocks.length !== 1) throw new Error(`${blocks.length} blocks of ${language}; expected one`);
  return blocks[0]?.text ?? '';
}

/** The parts of a page under its headings of the second level, by heading. */
export function sectionsOf(markdown: string): Map<string, string> {
  const parts = markdown.split(/^## /m).slice(1);
  return new Map(parts.map((part) => [part.split('\n', 1)[0] ?? '', part]));
}

/** What stands between `<!-- NAME -->` and `<!-- /NAME -->`. */
export function between(markdown: string, name: string): string {
  const [, inner] = new RegExp(`<!-- ${name} -->(.*)<!-- /${name} -->`, 's').exec(markdown) ?? [];
  if (inner === undefined) throw new Error(`no <!-- ${name} --> … <!-- /${name} -->`);
  return inner;
}

/** The rows of the tables in a text, without their rules, as trimmed cells. */
export function tableRows(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^[|\s:-]+$/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** Code in a text, `such as this`, without blocks. */
export function codeIn(markdown: string): string[] {
  const prose = markdown.replaceAll(/^```.*?^```$/gms, '');
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}
