import { fileURLToPath } from 'node:url';

import type { Namespace } from './namespace.js';
import type { Server } from './server.js';

const SERVE_FOLDER = fileURLToPath(new URL('serve-folder.mjs', import.meta.url));

/** Where {@link serveFolder} serves, on 127.0.0.1. */
export const WEB_PORT = 8099;

/** Serves the files of a folder over HTTP, as a registry does. */
export function serveFolder(network: Namespace, folder: string): Promise<Server> {
  return network.start(process.execPath, [SERVE_FOLDER, folder, String(WEB_PORT)], {
    ready: async () => (await network.run('cat', ['/proc/net/tcp'])).stdout.includes(LISTENING),
  });
}

const LISTENING = `:${WEB_PORT.toString(16).toUpperCase()} `;
