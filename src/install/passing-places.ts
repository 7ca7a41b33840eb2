import type { InstallSettings } from './settings.js';
import { isBelow } from './settings.js';

/** Parts of paths that the next version, or a clean-up, takes away. */
const PASSING: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\/_npx\//, "is in npx's cache, which is emptied at times"],
  [
    /\/(\.nvm|\.fnm|fnm_multishells|\.volta|\.asdf|\.nodenv|mise)\//,
    'goes with the version of Node.js',
  ],
  [/^\/(var\/)?tmp\//, 'is in a folder for temporary files, of which services have their own'],
  [/^\/(home|root|run\/user)\//, "is in a person's home folder"],
];

/** What to tell of program files that may not be there for long, one line each. */
export function passingPlaces({ node, main }: InstallSettings): string[] {
  return [node, main].flatMap((path) => {
    const [, what] = PASSING.find(([pattern]) => pattern.test(path)) ?? [];
    if (what === undefined) return [];
    return [
      `${path} ${what}; services name it. Install Node.js and, with npm install --global, ` +
        'sekisho for the whole host, and run this again',
    ];
  });
}

/** What ProtectHome= has to be for a service to find its files: homes are hidden if none is there. */
export function protectHome(settings: InstallSettings): 'yes' | 'read-only' {
  const { node, main, config, state, writable } = settings;
  const isInHome = [node, main, config, state, ...writable].some((path) =>
    ['/home', '/root', '/run/user'].some((folder) => isBelow(path, folder)),
  );
  return isInHome ? 'read-only' : 'yes';
}
