import type { TextPart } from '../zone/zone-source.js';
import { bytesOf } from './line.js';

/** `$0` to `$9` by their digit, and the base template `$=`; undefined where not set. */
export type Substitutions = Readonly<Record<string, string | undefined>>;

/** rbldnsd's limit of a text once it is filled in. */
const LONGEST_TEXT = 254;

/**
 * Reads a TXT template: `$` is the asked address or listed name, `$$` a dollar sign, `$1` a
 * variable (kept as it stands where there is none), `$=` the entry's own text. With a base
 * template that one is filled in, unless the entry's text begins with `=`.
 *
 * What is filled in is not looked at for further `$`.
 *
 * @returns nothing where there is no text to answer with
 */
export function parseTemplate(text: string, substitutions: Substitutions): readonly TextPart[] {
  const base = substitutions['='];
  let template = text;
  let own: string | undefined = text;
  if (text.startsWith('=')) {
    template = own = text.slice(1);
  } else if (base !== undefined) {
    template = base;
    if (text === '') own = undefined; // the subject
  }
  const parts = new PartList();
  for (let at = 0; at < template.length;) {
    const dollar = template.indexOf('$', at);
    if (dollar < 0) {
      parts.addText(template.slice(at));
      break;
    }
    parts.addText(template.slice(at, dollar));
    const next = template[dollar + 1] ?? '';
    at = dollar + 2;
    if (next === '$') parts.addText('$');
    else if (next === '=' && own !== undefined) parts.addText(own);
    else if (next === '=') parts.addSubject();
    else if (/^\d$/.test(next)) parts.addText(substitutions[next] ?? `$${next}`);
    else {
      parts.addSubject();
      at = dollar + 1;
    }
  }
  return parts.finish();
}

/** Neighbouring texts in one part, cut where no more would be answered. */
class PartList {
  readonly #parts: TextPart[] = [];
  #text = '';
  #length = 0;

  addText(text: string): void {
    const taken = text.slice(0, LONGEST_TEXT - this.#length);
    this.#text += taken;
    this.#length += taken.length;
  }

  addSubject(): void {
    if (this.#length >= LONGEST_TEXT) return;
    this.#close();
    this.#parts.push('subject');
  }

  finish(): readonly TextPart[] {
    this.#close();
    return this.#parts;
  }

  #close(): void {
    if (this.#text !== '') this.#parts.push(bytesOf(this.#text));
    this.#text = '';
  }
}
