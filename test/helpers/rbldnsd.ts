import type { Namespace } from './namespace.js';
import type { Server } from './server.js';

/**
 * rbldnsd in the foreground, at port 5300 of 127.0.0.1. It refuses to stay root, and its own user
 * "rbldns" comes with the package only.
 *
 * @param words options and zones, of which files are in the folder
 */
export function startRbldnsd(
  network: Namespace,
  folder: string,
  words: readonly string[],
  ready: () => Promise<boolean>,
): Promise<Server> {
  const args = ['-n', '-u', 'nobody', '-b', '127.0.0.1/5300', ...words];
  return network.start('rbldnsd', args, { cwd: folder, ready });
}
