import { type OptionDescription, describeOptions } from './options.js';

/** docs/configuration.md, from the schema. */
export function configurationReference(): string {
  const rows = describeOptions().flatMap(flatten).map(row);
  return `# Configuration

One YAML file: \`--config FILE\`, else \`./sekisho.yaml\`, else \`/etc/sekisho/sekisho.yaml\`. Every
option may be left out. Paths are relative to the file. \`sekisho config example\` prints a
commented example, \`sekisho config check\` checks a file, \`sekisho config show\` prints what is in
force with the defaults. This page is made from the schema (\`npm run docs\`).

| option | value | default | what it does |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function flatten(option: OptionDescription): OptionDescription[] {
  return [option, ...option.children.flatMap(flatten)];
}

function row(option: OptionDescription): string {
  const path = option.path.join('.').replaceAll('.[]', '[]');
  const isGroup = option.children.length > 0;
  const standard =
    option.default === undefined || isGroup ? '' : `\`${JSON.stringify(option.default)}\``;
  const cells = [`\`${path}\``, option.expected, standard, option.description];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
