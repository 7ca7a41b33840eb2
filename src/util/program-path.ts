import { fileURLToPath } from 'node:url';

/** The file that starts this program, to start it once more. */
export const PROGRAM_PATH = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
