import type { ListDefinition } from '../config/schema.js';
import { expandCountry } from './countries.js';

/** A definition that refers to something that is not there. */
export interface DefinitionFault {
  /** Place in the configuration, below `lists`. */
  readonly path: readonly (string | number)[];
  readonly found: string;
  readonly expected: string;
}

/** Checks what the schema cannot: country codes, names of other lists, circles. */
export function findDefinitionFaults(
  definitions: Readonly<Record<string, ListDefinition>>,
): DefinitionFault[] {
  const faults: DefinitionFault[] = [];
  for (const [name, definition] of Object.entries(definitions)) {
    for (const [index, word] of (definition.countries ?? []).entries()) {
      const expanded = expandCountry(word);
      if ('expected' in expanded) {
        faults.push({
          path: [name, 'countries', index],
          found: JSON.stringify(word),
          expected: expanded.expected,
        });
      }
    }
    for (const key of ['lists', 'and', 'except'] as const) {
      for (const [index, other] of (definition[key] ?? []).entries()) {
        if (!Object.hasOwn(definitions, other)) {
          faults.push({
            path: [name, key, index],
            found: JSON.stringify(other),
            expected: `one of the lists ${Object.keys(definitions).join(', ')}`,
          });
        }
      }
    }
  }
  const circle = faults.length === 0 ? findCircle(definitions) : undefined;
  if (circle) {
    faults.push({
      path: [circle[0] ?? ''],
      found: `a circle: ${circle.join(' → ')}`,
      expected: 'lists that do not refer to themselves',
    });
  }
  return faults;
}

/** Names of the lists that a definition refers to. */
export function neighboursOf(definition: ListDefinition): readonly string[] {
  return [...(definition.lists ?? []), ...definition.and, ...definition.except];
}

/** Whether a list is another one, or is made from it, however indirectly. */
export function isMadeOf(
  definitions: Readonly<Record<string, ListDefinition>>,
  name: string,
  of: string,
): boolean {
  if (name === of) return true;
  const definition = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
  if (definition === undefined) return false;
  return neighboursOf(definition).some((neighbour) => isMadeOf(definitions, neighbour, of));
}

function findCircle(
  definitions: Readonly<Record<string, ListDefinition>>,
): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    const definition = definitions[name];
    if (done.has(name) || definition === undefined) return undefined;
    for (const other of neighboursOf(definition)) {
      const circle = visit(other, [...path, name]);
      if (circle) return circle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of Object.keys(definitions)) {
    const circle = visit(name, []);
    if (circle) return circle;
  }
  return undefined;
}
