import type {
  AccessLayers,
  AddressLayer,
  Branch,
  Group,
  NameLayer,
  ZoneAnswer,
  ZoneSource,
} from '../zone/zone-source.js';
import { EXCLUDED, FIRST_ACCESS_ANSWER } from '../zone/zone-source.js';
import { sharedWords } from '../index/columns.js';
import type { Dataset } from './read-dataset.js';

/**
 * A zone of its datasets, in the order of the command line: `$SOA` and `$NS` of the first one
 * that has them, the earliest expiry, and all groups together. With one dataset no column is
 * copied.
 *
 * @param access of type acl, if the zone has one
 */
export function makeZone(
  name: Uint8Array,
  datasets: readonly Dataset[],
  access?: Dataset,
): ZoneSource {
  const answers: ZoneAnswer[] = [];
  const groups: Group[] = [];
  for (const dataset of datasets) {
    if (dataset.group !== undefined) groups.push(movedGroup(dataset.group, answers.length));
    for (const answer of dataset.answers) answers.push(answer);
  }
  const accessLayers = access?.access && movedAccess(access.access, answers.length);
  for (const answer of access?.answers ?? []) answers.push(answer);
  const headers = datasets.map(({ header }) => header);
  const soa = headers.find((header) => header.soa !== undefined)?.soa;
  const nameServers = headers.find((header) => header.nameServers !== undefined)?.nameServers;
  const expiries = headers.flatMap(({ expiresAtMs }) => expiresAtMs ?? []);
  const stamp = Math.max(0, ...datasets.map(({ stampSeconds }) => stampSeconds));
  return {
    name,
    answers,
    groups,
    ...(soa && { soa: { ...soa, serial: soa.serial === 0 ? stamp : soa.serial } }),
    ...(nameServers && { nameServers }),
    ...(accessLayers && { access: accessLayers }),
    ...(expiries.length > 0 && { expiresAtMs: Math.min(...expiries) }),
  };
}

/** The group with answers whose indices begin at `by`. */
function movedGroup(group: Group, by: number): Group {
  if (by === 0) return group;
  const addresses = memoized((layer: AddressLayer) => moved(layer, by, 0));
  const names = memoized((layer: NameLayer) => moved(layer, by, 0));
  const branch = (old: Branch): Branch => ({
    below: old.below,
    addresses: old.addresses.map(addresses),
    names: old.names.map(names),
  });
  return { branches: group.branches.map(branch) };
}

function movedAccess({ v4, v6 }: AccessLayers, by: number): AccessLayers {
  return { v4: moved(v4, by, FIRST_ACCESS_ANSWER), v6: moved(v6, by, FIRST_ACCESS_ANSWER) };
}

/** A layer whose numbers from `from` on are higher by so much; EXCLUDED stays. */
function moved<Layer extends { readonly answers: Uint32Array }>(
  layer: Layer,
  by: number,
  from: number,
): Layer {
  if (by === 0) return layer;
  const answers = sharedWords(layer.answers.length);
  answers.set(layer.answers);
  for (let k = 0; k < answers.length; k++) {
    const number = answers[k] as number;
    if (number >= from && number !== EXCLUDED) answers[k] = number + by;
  }
  return { ...layer, answers };
}

/** A layer that several branches share is copied once. */
function memoized<Layer extends object>(move: (layer: Layer) => Layer): (layer: Layer) => Layer {
  const known = new Map<Layer, Layer>();
  return (layer) => {
    let copy = known.get(layer);
    if (copy === undefined) known.set(layer, (copy = move(layer)));
    return copy;
  };
}
