import { fileURLToPath } from 'node:url';

/** The repository: benchmarks run compiled, from .cache/bench/bench/. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The built program. */
export const PROGRAM = `${ROOT}dist/main.cjs`;

/** Folder of real registry files, beside the repository; see docs/development.md. */
export const SHARED_DATA = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));

/** A snapshot that is a dev dependency (CC BY 4.0, https://db-ip.com). */
export const DBIP_FOLDER = `${ROOT}node_modules/@ip-location-db/dbip-country/`;
