import { MAP_ACTION, renderAddressMap } from './address-map.js';
import type { Format } from './format.js';

/**
 * Lines for inclusion in a block of nginx's ngx_http_geo_module or ngx_stream_geo_module:
 * `geo $sekisho { default ""; include FILE; }`. Prefixes, since a block with `ranges` takes
 * no IPv6.
 */
export const nginxGeo: Format = {
  name: 'nginx-geo',
  summary: 'prefixes and values to include in an nginx geo block',
  extension: 'geo',
  holdsSeveralLists: true,
  families: [4, 6],
  action: MAP_ACTION,
  render(input, options) {
    return renderAddressMap('nginx-geo', input, options, (prefix, value) => `${prefix} ${value};`);
  },
};
