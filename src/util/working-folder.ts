import { systemErrorOf } from './system-error.js';

/** Relative paths are below this folder from now on. @throws SystemError naming it */
export function workIn(folder: string): void {
  try {
    process.chdir(folder);
  } catch (error) {
    throw systemErrorOf(error, 'cannot work in', folder);
  }
}
