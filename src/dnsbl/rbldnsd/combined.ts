import type { Branch } from '../zone/zone-source.js';
import type { AnswerTable } from './answers.js';
import { parseDomainName } from './domain-name.js';
import { afterWord } from './fields.js';
import type { Line } from './line.js';
import type { Layers, ReadContext, Scope, SetReader } from './set-reader.js';
import { SET_READERS, isSetType } from './set-types.js';
import type { SpecialResult } from './specials.js';

/** A dataset within a combined one. */
interface Part {
  readonly reader: SetReader;
  readonly scope: Scope;
  /** The subzones that it answers for, relative to the zone. */
  readonly subzones: readonly Uint8Array[];
}

/** The parts of a combined dataset: `$DATASET type[:name] subzone…`, then its lines. */
export class CombinedParts {
  /** The part that lines belong to. A part goes on in the next file behind its first special entry. */
  current: Part | undefined;
  readonly #context: ReadContext;
  readonly #scope: Scope;
  readonly #parts: Part[] = [];

  constructor(context: ReadContext, scope: Scope) {
    this.#context = context;
    this.#scope = scope;
  }

  /**
   * Begins a part where the text is a `$DATASET` entry.
   *
   * @returns undefined where it is another one
   */
  readStart(text: string, line: Line): SpecialResult | undefined {
    const rest = afterWord(text, 'dataset');
    if (rest === undefined) return undefined;
    this.current = undefined;
    const [word = '', ...subzones] = withoutComment(rest)
      .split(/[ \t]+/)
      .filter(Boolean);
    if (word === '') return { expected: '$DATASET type[:name] subzone…' };
    const type = word.split(':', 1)[0] as string;
    if (!isSetType(type)) return { failure: whyNotInside(type) };
    const scope: Scope = {
      ttlSeconds: this.#scope.ttlSeconds,
      substitutions: { ...this.#scope.substitutions },
    };
    const reader = SET_READERS[type](this.#context, scope);
    reader.startFile(line.file);
    const names = subzones.map((subzone) => this.#parseSubzone(subzone, line));
    this.current = { reader, scope, subzones: names.filter((name) => name !== undefined) };
    this.#parts.push(this.current);
    return subzones.length > 0
      ? true
      : { expected: 'subzones behind the type, @ for the zone itself (the data is left out)' };
  }

  /** A branch for each subzone, with the layers of all parts that name it. */
  finish(answers: AnswerTable): Branch[] {
    const branches = new Map<string, { below: Uint8Array; parts: Layers[] }>();
    for (const { reader, subzones } of this.#parts) {
      if (subzones.length === 0) continue;
      const layers = reader.finish(answers);
      for (const below of subzones) {
        const key = Buffer.from(below).toString('latin1');
        let branch = branches.get(key);
        if (branch === undefined) branches.set(key, (branch = { below, parts: [] }));
        if (!branch.parts.includes(layers)) branch.parts.push(layers);
      }
    }
    return [...branches.values()].map(({ below, parts }) => ({
      below,
      addresses: parts.flatMap((part) => part.addresses),
      names: parts.flatMap((part) => part.names),
    }));
  }

  #parseSubzone(text: string, line: Line): Uint8Array | undefined {
    const name = text === '@' ? Uint8Array.of(0) : parseDomainName(text);
    if (name === undefined) {
      this.#context.warnings.add(line, `a domain name instead of the subzone ${text}`);
    }
    return name;
  }
}

/** A comment begins at the start or behind white space. */
function withoutComment(text: string): string {
  return text.replace(/(^|[ \t])[#;].*$/s, '$1');
}

function whyNotInside(type: string): string {
  if (type === 'combined' || type === 'acl') return `${type} cannot stand inside of combined`;
  const types = Object.keys(SET_READERS).join(', ');
  return `the dataset type ${type} is not known; known are ${types}`;
}
