import type { AddressSet } from '../../ip/address-set.js';
import { complement } from '../../ip/algebra.js';
import type { Family } from '../../ip/family.js';
import type { RangeSet } from '../../ip/range-set.js';
import type { GlobalAccess } from '../index/compile.js';
import { layerOf } from '../lists/layers.js';
import { ACCESS, type AddressLayer } from '../zone/zone-source.js';
import { overlay } from '../index/overlay.js';

/**
 * `dnsbl.access` as access layers: who is named passes, without a limit of rate; others are
 * answered within the limit where `any` is said, and refused where not.
 */
export function configuredAccess(named: AddressSet, isOpen: boolean): GlobalAccess {
  const layer = (family: Family, set: RangeSet): AddressLayer => {
    const passing = layerOf(set, ACCESS.pass);
    if (isOpen) return passing;
    const refused = layerOf(complement(set), ACCESS.refuse);
    return overlay(passing, { ...refused, family }, (pass) => pass);
  };
  return { layers: { v4: layer(4, named.v4), v6: layer(6, named.v6) }, answers: [] };
}
