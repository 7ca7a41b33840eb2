import { REGISTRY_NAMES, type RegistryName } from '../config/registry-names.js';

/** A Regional Internet Registry and where its statistics file is published. */
export interface Registry {
  /** As in the first field of its files. */
  readonly name: RegistryName;
  readonly title: string;
  /** The file's own address first, then mirrors; `.md5` is appended for the checksum. */
  readonly urls: readonly string[];
}

const OWN: Record<RegistryName, { title: string; folder: string }> = {
  apnic: { title: 'APNIC', folder: 'https://ftp.apnic.net/stats/apnic' },
  ripencc: { title: 'RIPE NCC', folder: 'https://ftp.ripe.net/pub/stats/ripencc' },
  arin: { title: 'ARIN', folder: 'https://ftp.arin.net/pub/stats/arin' },
  lacnic: { title: 'LACNIC', folder: 'https://ftp.lacnic.net/pub/stats/lacnic' },
  afrinic: { title: 'AFRINIC', folder: 'https://ftp.afrinic.net/pub/stats/afrinic' },
};

/** Copies of all five registries' files, kept by two of them. */
const MIRRORS: readonly ((name: RegistryName) => string)[] = [
  (name) => `https://ftp.ripe.net/pub/stats/${name}`,
  // APNIC's folder for RIPE NCC has a dash, the file in it has not
  (name) => `https://ftp.apnic.net/stats/${name === 'ripencc' ? 'ripe-ncc' : name}`,
];

export const REGISTRIES: readonly Registry[] = REGISTRY_NAMES.map((name) => {
  const folders = [OWN[name].folder, ...MIRRORS.map((mirror) => mirror(name))];
  const file = `delegated-${name}-extended-latest`;
  return {
    name,
    title: OWN[name].title,
    urls: [...new Set(folders)].map((folder) => `${folder}/${file}`),
  };
});
