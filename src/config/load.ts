import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { LineCounter, type Document, isNode, isScalar, parseDocument, visit } from 'yaml';
import type * as z from 'zod';

import { UsageError } from '../util/errors.js';
import { reasonOf } from '../util/system-error.js';
import { findConfigFile } from './find.js';
import { type Config, configSchema } from './schema.js';
import { HIDDEN, isSecret, withoutSecrets } from './secrets.js';

type Path = readonly PropertyKey[];

/** A configuration that was checked, and where it came from. */
export interface LoadedConfig {
  readonly config: Config;
  /** The file; undefined where the defaults are all there is. */
  readonly file: string | undefined;
  /** Makes a path of the configuration absolute: paths are relative to its file. */
  readonly resolvePath: (path: string) => string;
  /** `FILE:LINE: PATH` of a value, or of what is nearest to it in the file. */
  readonly placeOf: (path: Path) => string;
  /** An error about a value that the schema cannot judge (an unknown list, format, country). */
  readonly errorAt: (path: Path, found: string, expected: string) => UsageError;
}

/**
 * Reads and checks the configuration.
 *
 * @param path the file named on the command line, else the first of DEFAULT_PATHS that exists,
 *   else the defaults
 * @throws UsageError naming file, line, path, what was found and what was expected
 */
export function loadConfig(path?: string): LoadedConfig {
  const { text, file } = readConfigText(path);
  return parseConfig(text, file);
}

/**
 * The text of the configuration and the file it is from: empty and undefined where the defaults
 * are all there is.
 *
 * @throws UsageError where the file cannot be read
 */
export function readConfigText(path?: string): { readonly text: string; readonly file?: string } {
  const file = findConfigFile(path);
  if (file === undefined) return { text: '' };
  try {
    return { text: readFileSync(file, 'utf8'), file };
  } catch (error) {
    throw new UsageError(`the configuration cannot be read: ${file}: ${reasonOf(error)}`);
  }
}

/** Checks the text of a configuration; `file` is for messages and relative paths. */
export function parseConfig(text: string, file: string | undefined): LoadedConfig {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error' });
  const name = file ?? 'the configuration';
  const syntax = document.errors[0];
  if (syntax) {
    const { line } = lineCounter.linePos(syntax.pos[0]);
    throw new UsageError(`${name}:${line}: ${syntax.message}`);
  }
  const placeOf = (at: Path): string => {
    const offset = offsetOf(document, at);
    const place = offset === undefined ? name : `${name}:${lineCounter.linePos(offset).line}`;
    return at.length > 0 ? `${place}: ${at.map(String).join('.')}` : place;
  };
  const errorAt = (at: Path, found: string, expected: string): UsageError =>
    new UsageError(`${placeOf(at)}: found ${found}; expected ${expected}`);
  const odd = findOddNode(document);
  if (odd) {
    const { line } = lineCounter.linePos(odd.offset);
    throw new UsageError(`${name}:${line}: found ${odd.found}; expected ${odd.expected}`);
  }
  const value = plainValue(document, name);
  const result = configSchema.safeParse(value, { reportInput: true });
  if (!result.success) {
    const errors = result.error.issues.map((issue) => issueError(issue, value, errorAt));
    throw new UsageError(errors.map((error) => error.message).join('\n'));
  }
  // not process.cwd(), which throws where the folder is gone and no relative path is asked for
  const folder = file === undefined ? '.' : dirname(resolve(file));
  return {
    config: result.data,
    file,
    resolvePath: (path) => resolve(folder, path),
    placeOf,
    errorAt,
  };
}

interface OddNode {
  readonly offset: number;
  readonly found: string;
  readonly expected: string;
}

/** What YAML allows and no plain object can hold: such names would be lost without a word. */
function findOddNode(document: Document): OddNode | undefined {
  let odd: OddNode | undefined;
  visit(document, {
    Alias(_, node) {
      if (node.resolve(document) !== undefined) return undefined;
      const expected = 'an anchor of that name before it (&name)';
      odd = { offset: node.range?.[0] ?? 0, found: `the alias *${node.source}`, expected };
      return visit.BREAK;
    },
    Pair(_, { key }) {
      if (isScalar(key) && key.value !== '__proto__') return undefined;
      const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
      const found = isScalar(key) ? 'the name "__proto__"' : 'a list, map or alias as a name';
      odd = { offset, found, expected: 'another name' };
      return visit.BREAK;
    },
  });
  return odd;
}

/** @throws UsageError where aliases of aliases would make it enormous */
function plainValue(document: Document, name: string): unknown {
  try {
    return (document.toJS() as unknown) ?? {};
  } catch (error) {
    if (error instanceof ReferenceError) throw new UsageError(`${name}: ${error.message}`);
    throw error;
  }
}

function issueError(
  issue: z.core.$ZodIssue,
  root: unknown,
  errorAt: LoadedConfig['errorAt'],
): UsageError {
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const known = knownKeys(issue.path);
    const expected = known.length > 0 ? `one of ${known.join(', ')}` : 'a known option';
    return errorAt([...issue.path, key], `the unknown option ${JSON.stringify(key)}`, expected);
  }
  if (issue.code === 'invalid_key') {
    const expected = issue.issues[0]?.message ?? issue.message;
    return errorAt(issue.path, `the name ${JSON.stringify(issue.path.at(-1))}`, expected);
  }
  const found = valueAt(root, issue.path);
  const shown = isSecret(issue.path) ? HIDDEN : foundText(withoutSecrets(found, issue.path));
  return errorAt(issue.path, shown, expectation(issue));
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.startsWith('Invalid input') ? article(issue.expected) : issue.message;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return issue.origin === 'array' || issue.origin === 'string'
        ? issue.message
        : `at least ${issue.minimum}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function article(type: string): string {
  const names: Record<string, string> = {
    array: 'a list, such as [a, b]',
    object: 'options below it',
    record: 'names below it',
    string: 'a text',
    int: 'a whole number',
  };
  return names[type] ?? `a ${type}`;
}

function foundText(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** Offset of the key at the path, or of its nearest ancestor that stands in the text. */
function offsetOf(document: Document, path: Path): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (typeof parent === 'object' && parent !== null && 'items' in parent) {
      for (const item of parent.items as unknown[]) {
        const itemKey: unknown =
          typeof item === 'object' && item !== null && 'key' in item ? item.key : undefined;
        if (isScalar(itemKey) && itemKey.value === key) return itemKey.range?.[0];
      }
    }
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return undefined;
}

/** The options that the schema has at a path, for "expected one of". */
function knownKeys(path: Path): string[] {
  let schema: unknown = configSchema;
  for (const key of path) {
    const definition = unwrap(schema);
    if (definition === undefined) return [];
    if (definition.shape && typeof key === 'string') schema = definition.shape[key];
    else schema = definition.valueType ?? definition.element;
  }
  return Object.keys(unwrap(schema)?.shape ?? {});
}

interface SchemaParts {
  readonly shape?: Record<string, unknown>;
  readonly valueType?: unknown;
  readonly element?: unknown;
  readonly innerType?: unknown;
}

/** The definition below defaults and optionals. */
function unwrap(schema: unknown): SchemaParts | undefined {
  let definition = (schema as { _zod?: { def?: SchemaParts } } | undefined)?._zod?.def;
  while (definition?.innerType !== undefined) {
    definition = (definition.innerType as { _zod?: { def?: SchemaParts } })._zod?.def;
  }
  return definition;
}
