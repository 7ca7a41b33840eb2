import { JSONPathError, type JSONPathQuery, jsonpath } from 'json-p3';

import type { FeedForm } from './feed.js';
import { type FeedLine, lineOfValue } from './feed-line.js';
import { tooLong } from './read-plain.js';
import { FeedRefused } from './refused.js';

/** Levels of lists and objects within each other; the JSONPath library follows fifty. */
const MAX_DEPTH = 48;

type JsonForm = Extract<FeedForm, { kind: 'json' }>;

/**
 * Reads the values that a JSONPath (RFC 9535) finds in a JSON text, or in each line of JSON
 * lines: those where the first line is a value by itself and another one follows. A line in
 * which the path finds nothing, such as one about the file, is passed over.
 *
 * @throws FeedRefused where it is no JSON, nested too deeply, or has more values than `maxLines`
 */
export function readJson(bytes: Uint8Array, form: JsonForm, maxLines: number): FeedLine[] {
  assertHarmless(bytes, maxLines);
  const text = new TextDecoder().decode(bytes);
  const query = jsonpath.compile(form.path);
  const lines: FeedLine[] = [];
  const add = (line: FeedLine): void => {
    if (lines.push(line) > maxLines) throw tooLong(maxLines, 'values');
  };
  try {
    if (hasJsonLines(text)) {
      for (const [index, row] of text.split('\n').entries()) {
        if (row.trim() === '') continue;
        for (const line of readRow(row, index + 1, query, form)) add(line);
      }
    } else {
      for (const found of valuesIn(parse(text), query, form)) {
        add(lineOfFound(found, lines.length + 1));
      }
    }
  } catch (error) {
    if (!(error instanceof JSONPathError)) throw error;
    throw new FeedRefused(`${form.path} cannot be followed in it: ${error.message}`);
  }
  return lines;
}

function parse(text: string): unknown {
  const value = tryParse(text);
  if (value !== undefined) return value;
  const start = JSON.stringify(text.trimStart().slice(0, 60));
  throw new FeedRefused(`found ${start}; expected JSON, or a JSON value a line`);
}

/** Undefined, which is no value of JSON, where the text is none. */
function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function hasJsonLines(text: string): boolean {
  const [, first = '', rest = ''] = /^\s*([^\n]*)\n([^]*)$/.exec(text) ?? [];
  return /\S/.test(rest) && tryParse(first) !== undefined;
}

function* readRow(
  text: string,
  line: number,
  query: JSONPathQuery,
  form: JsonForm,
): Generator<FeedLine> {
  const value = tryParse(text);
  if (value === undefined) yield { line, found: text.slice(0, 60), expected: 'a JSON value' };
  else for (const found of valuesIn(value, query, form)) yield lineOfFound(found, line);
}

interface Found {
  readonly value: unknown;
  readonly reason: unknown;
}

/** Lazily: the library's own list of all nodes fails at some hundred thousand. */
function* valuesIn(root: unknown, query: JSONPathQuery, { reason }: JsonForm): Generator<Found> {
  for (const { value, location } of query.lazyQuery(
    root as Parameters<JSONPathQuery['lazyQuery']>[0],
  )) {
    const beside = reason === undefined ? undefined : memberOf(parentIn(root, location), reason);
    yield { value, reason: beside };
  }
}

function lineOfFound({ value, reason }: Found, line: number): FeedLine {
  if (typeof value !== 'string') {
    const found = JSON.stringify(value).slice(0, 60);
    return { line, found, expected: 'a text with an address, prefix or range' };
  }
  const words = typeof reason === 'string' || typeof reason === 'number' ? `${reason}` : undefined;
  return lineOfValue(value, line, words);
}

function parentIn(root: unknown, location: readonly (string | number)[]): unknown {
  return location.slice(0, -1).reduce((value, key) => memberOf(value, key), root);
}

function memberOf(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string | number, unknown>)[key];
}

/**
 * Looks at the bytes before anything is made of them: how deep lists and objects lie, and how
 * many there are.
 */
function assertHarmless(bytes: Uint8Array, maxLines: number): void {
  let depth = 0;
  let count = 0;
  let isText = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (isText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE || byte === NEWLINE) isText = false;
    } else if (byte === QUOTE) {
      isText = true;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > MAX_DEPTH) {
        throw new FeedRefused(`it is nested deeper than ${MAX_DEPTH} levels`);
      }
      if (++count > 4 * maxLines) throw tooLong(4 * maxLines, 'lists and objects');
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth = Math.max(0, depth - 1);
    }
  }
}

/** No text of JSON goes on behind it; in JSON lines the next one begins. */
const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
