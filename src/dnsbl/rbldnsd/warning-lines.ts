import type { LoadResult } from './load-zones.js';

/** `FILE:LINE: found …; expected …` for each that is told, and how many are not. */
export function warningsOf({ datasets }: LoadResult): string[] {
  return datasets.flatMap(({ warnings, warningCount, spec }) => {
    const lines = warnings.map(
      ({ file, line, found, expected }) =>
        `${file}:${line}: found ${JSON.stringify(found)}; expected ${expected}. The line is left out.`,
    );
    const more = warningCount - warnings.length;
    return more > 0
      ? [...lines, `${more} more lines of ${spec.files.join(', ')} are left out in the same way`]
      : lines;
  });
}
