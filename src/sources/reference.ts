import { REGISTRIES } from './registries.js';

/** The list of registries in docs/sources.md (Markdown): where each file is looked for, in order. */
export function registriesReference(): string {
  return REGISTRIES.map(({ name, title, urls }) => {
    const lines = urls.map((url, k) => `  ${k + 1}. <${url}>\n`);
    return `- \`${name}\`, ${title}:\n${lines.join('')}`;
  }).join('');
}
