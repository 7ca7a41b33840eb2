import { MAP_ACTION, renderAddressMap } from './address-map.js';
import type { Format } from './format.js';

/**
 * A map file for HAProxy's `map_ip` converter, `prefix value` a line, both families in one
 * file. An ACL takes the same file as a plain list: `src -M -f FILE`.
 */
export const haproxy: Format = {
  name: 'haproxy',
  summary: 'HAProxy map of prefixes, for map_ip and acl -M -f',
  extension: 'map',
  holdsSeveralLists: true,
  families: [4, 6],
  action: MAP_ACTION,
  render(input, options) {
    return renderAddressMap('haproxy', input, options, (prefix, value) => `${prefix} ${value}`);
  },
};
