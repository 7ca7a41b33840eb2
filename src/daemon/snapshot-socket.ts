import fs from 'node:fs';
import net from 'node:net';
import { dirname } from 'node:path';

import {
  type ServiceName,
  type ServiceSnapshot,
  lookAtServices,
  serviceSocketPath,
} from '../jobs/service-snapshot.js';
import { makeFolder } from '../util/atomic-file.js';
import { SystemError, UsageError, messageOf } from '../util/errors.js';
import { systemErrorOf } from '../util/system-error.js';
import { type ShortPath, shortPathOf } from '../util/unix-stream.js';

/** Whoever does not read what he asked for is let go after this time. */
const PATIENCE_MS = 2000;
const MOST_READERS = 16;

/**
 * Offers a service's snapshot at `STATE/services/NAME.sock`: whoever connects gets one JSON
 * document and the end of the stream. Only the service's user can connect.
 */
export class SnapshotSocket {
  readonly #server: net.Server;
  readonly #short: ShortPath;

  private constructor(server: net.Server, short: ShortPath) {
    this.#server = server;
    this.#short = short;
  }

  /**
   * @throws UsageError where another service of that name lives with this state
   * @throws SystemError where the folder cannot be written
   */
  static async open(
    state: string,
    service: ServiceName,
    snapshot: () => ServiceSnapshot,
  ): Promise<SnapshotSocket> {
    const other = (await lookAtServices(state)).snapshots.find((each) => each.service === service);
    if (other !== undefined) {
      throw new UsageError(
        `another \`sekisho ${service}\` (process ${other.pid}) works with ${state}; end it, or ` +
          'name another state folder',
      );
    }
    const path = serviceSocketPath(state, service);
    const folder = dirname(path);
    makeFolder(folder);
    try {
      fs.chmodSync(folder, 0o700);
      fs.rmSync(path, { force: true }); // of a service that was killed
    } catch (error) {
      throw systemErrorOf(error, 'cannot make', path);
    }
    const server = net.createServer((socket) => {
      socket.setTimeout(PATIENCE_MS, () => socket.destroy());
      socket.on('error', () => undefined); // who asked has gone
      socket.end(`${JSON.stringify(snapshot())}\n`);
    });
    server.maxConnections = MOST_READERS;
    const short = shortPathOf(path);
    await new Promise<void>((resolve, reject) => {
      server.on('error', (error) => {
        reject(new SystemError(`cannot listen at ${path}: ${messageOf(error)}`, { cause: error }));
      });
      server.listen(short.path, resolve);
    });
    fs.chmodSync(path, 0o600);
    server.unref();
    return new SnapshotSocket(server, short);
  }

  /** The socket goes from the folder, too. */
  async close(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
    this.#short.close();
  }
}
