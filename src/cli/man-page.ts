import type { Argument, Command, Option } from 'commander';

/** What the page says beside the commands. */
export interface ManPageText {
  readonly version: string;
  /** Of the page, as 2026-11-22. */
  readonly date: string;
  readonly summary: string;
  /** Sections behind the commands, in order: title and paragraphs; each a line of roff or text. */
  readonly sections: readonly (readonly [title: string, paragraphs: readonly string[]])[];
}

/**
 * A page for section 8 in the macros of man(7), from a program whose commands are all defined.
 * Pure.
 */
export function manPage(program: Command, text: ManPageText): string {
  const name = program.name();
  const lines = [
    `.TH ${name.toUpperCase()} 8 ${text.date} "${name} ${text.version}"`,
    '.SH NAME',
    `${name} \\- ${escape(text.summary)}`,
    '.SH SYNOPSIS',
    `.B ${name}`,
    '.I command',
    '[\\fIoption\\fR ...]',
    '[\\fIargument\\fR ...]',
    '.SH DESCRIPTION',
    ...paragraph(program.description()),
    '.SH COMMANDS',
    ...program.commands.flatMap((command) => commandLines(command, name)),
    ...text.sections.flatMap(([title, paragraphs]) => [
      `.SH "${title}"`,
      ...paragraphs.flatMap((words, index) => [...(index > 0 ? ['.PP'] : []), ...paragraph(words)]),
    ]),
  ];
  return lines.join('\n') + '\n';
}

function commandLines(command: Command, above: string): string[] {
  if (command.commands.length > 0) {
    return command.commands.flatMap((sub) => commandLines(sub, `${above} ${command.name()}`));
  }
  const words = command.registeredArguments.map(argumentWord);
  const title = [above, command.name()].join(' ').replace(/^\S+ /, '');
  return [
    `.SS "${title}${words.map((word) => ` ${word}`).join('')}"`,
    ...paragraph(sentence(command.description())),
    ...command.registeredArguments.filter(hasDescription).flatMap(argumentLines),
    ...command.options.filter(({ hidden }) => !hidden).flatMap(optionLines),
  ];
}

function argumentWord(argument: Argument): string {
  const word = `${argument.name().toUpperCase()}${argument.variadic ? ' ...' : ''}`;
  return argument.required ? word : `[${word}]`;
}

function hasDescription({ description }: Argument): boolean {
  return description !== '';
}

function argumentLines(argument: Argument): string[] {
  return ['.TP', `.I ${argument.name().toUpperCase()}`, ...paragraph(argument.description)];
}

function optionLines(option: Option): string[] {
  const flags = option.flags.replace(
    /([<[])([^\]>]+)([\]>])/g,
    (_, open: string, value: string, close: string) =>
      open === '<' ? `\\fI${value}\\fR` : `[\\fI${value}\\fR${close}`,
  );
  const value: unknown = option.defaultValue;
  const shown = typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  const named = option.defaultValueDescription ?? shown;
  const fallback = named === undefined ? '' : ` (default: ${named})`;
  return ['.TP', `\\fB${hyphens(flags)}\\fR`, ...paragraph(option.description + fallback)];
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + (text.endsWith('.') ? '' : '.');
}

/** Words of a text in lines of no more than 78 bytes, as mandoc(1) wants them; none is a request. */
function paragraph(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of escape(text).split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && Buffer.byteLength(longer) > 78) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line].map((words) => words.replace(/^[.']/, '\\&$&'));
}

/** Text as roff, in which a hyphen that people copy stays one. */
function escape(text: string): string {
  return hyphens(text.replaceAll('\\', '\\e'));
}

function hyphens(text: string): string {
  return text.replaceAll('-', '\\-');
}
