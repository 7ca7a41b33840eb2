import { EXCLUDED, NAME_KIND, type NameLayer } from '../zone/zone-source.js';

/** What a zone file has to say at a name. Indices of answers. */
export interface NamedAnswers {
  /** Labels from the left, in presentation form of one character a byte. */
  readonly labels: readonly string[];
  readonly exact: readonly number[];
  /** Of the names below that are not named themselves. */
  readonly below: readonly number[];
  /** Nothing is listed here, but a wildcard above would list it. */
  readonly isHole: boolean;
}

interface Node {
  readonly children: Map<string, Node>;
  /** Of each layer; undefined where it says nothing. */
  readonly exact: (number | undefined)[];
  readonly below: (number | undefined)[];
}

/**
 * The names of layers as a zone file has to have them. There a wildcard says nothing about names
 * that exist, nor about what is below them, so both are named with what the wildcard answers.
 */
export function* namesOf(layers: readonly NameLayer[]): Generator<NamedAnswers> {
  const root = newNode();
  for (const [k, layer] of layers.entries()) {
    for (let entry = 0; entry < layer.answers.length; entry++) {
      let node = root;
      const end = layer.offsets[entry + 1] as number;
      const labels = labelsAt(layer.bytes, layer.offsets[entry] as number, end);
      for (const label of labels.reverse()) {
        let child = node.children.get(label);
        if (child === undefined) node.children.set(label, (child = newNode()));
        node = child;
      }
      const column = layer.kinds[entry] === NAME_KIND.exact ? node.exact : node.below;
      column[k] = layer.answers[entry];
    }
  }
  yield* visit(root, [], [], layers.length);
}

/** @param above what each layer's wildcards answer for names below the parent */
function* visit(
  node: Node,
  labels: readonly string[],
  above: readonly (number | undefined)[],
  layers: number,
): Generator<NamedAnswers> {
  const exact: (number | undefined)[] = [];
  const below: (number | undefined)[] = [];
  for (let k = 0; k < layers; k++) {
    exact.push(node.exact[k] ?? above[k]);
    below.push(node.below[k] ?? above[k]);
  }
  const found = exact.filter(isListed);
  const isHole = found.length === 0 && above.some(isListed);
  yield { labels, exact: found, below: below.filter(isListed), isHole };
  for (const [label, child] of node.children) {
    yield* visit(child, [label, ...labels], below, layers);
  }
}

function isListed(answer: number | undefined): answer is number {
  return answer !== undefined && answer !== EXCLUDED;
}

function newNode(): Node {
  return { children: new Map(), exact: [], below: [] };
}

function labelsAt(bytes: Uint8Array, from: number, to: number): string[] {
  const labels: string[] = [];
  for (let at = from; at < to; at += 1 + (bytes[at] as number)) {
    const label = bytes.subarray(at + 1, at + 1 + (bytes[at] as number));
    labels.push(Buffer.from(label).toString('latin1'));
  }
  return labels;
}
