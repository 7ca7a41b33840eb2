/** The five Regional Internet Registries, as named in the first field of their files. */
export const REGISTRY_NAMES = ['apnic', 'ripencc', 'arin', 'lacnic', 'afrinic'] as const;
export type RegistryName = (typeof REGISTRY_NAMES)[number];
