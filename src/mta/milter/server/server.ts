import fs from 'node:fs';
import net from 'node:net';

import type { MilterListen } from '../../../config/milter-schema.js';
import type { LoadedConfig } from '../../../config/load.js';
import type { MilterConfig } from '../../../config/schema.js';
import { parseConfig } from '../../../config/load.js';
import { type Account, becomeUser, findAccount } from '../../../util/privileges.js';
import { mustReadProgram } from '../../../util/program-path.js';
import { checkMilter } from '../check-milter.js';
import { type MilterCounters, newCounters } from '../counters.js';
import type { MilterInput } from '../loader/loaded-lists.js';
import type { SessionContext } from '../session.js';
import { type ConnectionLimits, MilterConnection } from './connection.js';
import { type SocketFile, formatListen, listenAt } from './listen.js';
import type { Report } from './report.js';
import { SettingsSupply } from './settings-supply.js';

/** What the milter tells of itself, for status, reports and metrics. */
export interface MilterSnapshot {
  /** As in the configuration. */
  readonly listen: readonly string[];
  /** Milliseconds since 1970; null where nothing could be loaded yet. */
  readonly loadedAtMs: number | null;
  readonly isDryRun: boolean;
  /** Connections of mail servers that are open now. */
  readonly openConnections: number;
  readonly counters: MilterCounters;
}

const NOTHING = Buffer.alloc(0);
/** How often connections are looked at that are overdue. */
const SWEEP_MS = 1000;
/** Lines about clients that do not keep to the protocol, within a second. */
const MOST_COMPLAINTS = 10;

/** The milter: sockets, connections and their limits, settings that follow their files. */
export class MilterServer {
  readonly #report: Report;
  readonly #counters = newCounters();
  readonly #supply: SettingsSupply;
  readonly #context: SessionContext;
  readonly #connections = new Set<MilterConnection>();
  readonly #sockets = new Set<net.Socket>();
  #config: MilterConfig;
  #loaded: LoadedConfig;
  #limits: ConnectionLimits;
  #servers: net.Server[] = [];
  #sweep: NodeJS.Timeout | undefined;
  readonly #keepsRights: boolean;
  #waitingBytes = 0;
  #complaints = 0;

  /**
   * @param options `keepsRights`: not to become `user`, who only owns the sockets then
   * @throws UsageError where the configuration has no milter part, or a wrong one
   */
  constructor(
    input: MilterInput,
    report: Report,
    { keepsRights = false }: { readonly keepsRights?: boolean } = {},
  ) {
    this.#report = report;
    this.#keepsRights = keepsRights;
    this.#loaded = parseConfig(input.text, input.file);
    this.#config = checkMilter(this.#loaded);
    this.#limits = limitsOf(this.#config);
    this.#supply = new SettingsSupply(input, report);
    this.#context = {
      settings: () => this.#supply.current,
      failure: () => this.#config.fail,
      counters: this.#counters,
      tell: (line) => {
        report('info', line);
      },
    };
  }

  /** As in the configuration, with paths that are whole. */
  get listen(): readonly string[] {
    return this.#places().map(formatListen);
  }

  /**
   * Loads, then listens.
   *
   * @throws UsageError, SystemError: then nothing is listened on
   */
  async start(): Promise<void> {
    const { user, socket_mode, socket_group } = this.#config;
    const account = user === undefined ? undefined : await findAccount(user);
    const group = socket_group === undefined ? undefined : await findGroup(socket_group);
    await this.#supply.start();
    const file: SocketFile = {
      mode: parseInt(socket_mode, 8),
      ...(group !== undefined && { groupId: group }),
    };
    try {
      for (const place of this.#places()) {
        const server = net.createServer({ noDelay: true }, (socket) => {
          this.#accept(socket);
        });
        await listenAt(server, place, file);
        server.on('error', (error) => {
          this.#report('error', `${formatListen(place)}: ${error.message}`);
        });
        this.#servers.push(server);
        // the owner of a socket may take it away when it ends
        if (account && 'path' in place) fs.chownSync(place.path, account.uid, group ?? account.gid);
      }
      if (account !== undefined && !this.#keepsRights) {
        becomeUser(account);
        mustReadProgram(account.name);
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#sweep = setInterval(() => {
      this.#look();
    }, SWEEP_MS);
  }

  /**
   * Takes a configuration that was read anew: checked first, the old one stays on error. Sessions
   * that are under way go on by what they began with.
   *
   * @returns whether it is in force
   */
  async reload(input: MilterInput): Promise<boolean> {
    let loaded: LoadedConfig;
    let config: MilterConfig;
    try {
      loaded = parseConfig(input.text, input.file);
      config = checkMilter(loaded);
    } catch (error) {
      this.#report('error', `${(error as Error).message}; the old configuration stays`);
      return false;
    }
    if (!(await this.#supply.reload(input))) return false;
    const fixed = ({ listen, user, socket_mode, socket_group }: MilterConfig): string =>
      JSON.stringify([listen, user, socket_mode, socket_group]);
    if (fixed(config) !== fixed(this.#config)) {
      this.#report('warning', 'listen, user and socket_… of the milter change with a restart only');
    }
    const { listen, user, socket_mode, socket_group } = this.#config;
    this.#config = { ...config, listen, user, socket_mode, socket_group };
    this.#limits = limitsOf(config);
    return true;
  }

  /** What was counted since it was made. */
  get counters(): Readonly<MilterCounters> {
    return this.#counters;
  }

  snapshot(): MilterSnapshot {
    return {
      listen: this.listen,
      loadedAtMs: this.#supply.loadedAtMs ?? null,
      isDryRun: this.#config.observe,
      openConnections: this.#connections.size,
      counters: structuredClone(this.#counters),
    };
  }

  /** Ends every connection: mail servers go on as they are told to for a milter that is not there. */
  async stop(): Promise<void> {
    clearInterval(this.#sweep);
    const ended = this.#supply.stop();
    const closed = this.#servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => {
            resolve();
          });
        }),
    );
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([...closed, ended]);
    this.#servers = [];
  }

  #places(): MilterListen[] {
    return this.#config.listen.map((place) =>
      'path' in place ? { path: this.#loaded.resolvePath(place.path) } : place,
    );
  }

  #accept(socket: net.Socket): void {
    if (this.#connections.size >= this.#config.limits.connections) {
      this.#counters.connections.refused += 1;
      this.#complain(`more than ${this.#config.limits.connections} connections; one is closed`);
      socket.destroy();
      return;
    }
    this.#counters.connections.accepted += 1;
    const tell = (why: string): void => {
      this.#complain(`a mail server ${why}; its connection is closed`);
    };
    const nowMs = performance.now();
    const connection = new MilterConnection(socket, this.#limits, this.#context, nowMs, tell);
    this.#connections.add(connection);
    this.#sockets.add(socket);
    const receive = (piece: Buffer): void => {
      const before = connection.waitingBytes;
      const hasMore = connection.receive(piece, performance.now());
      this.#waitingBytes += connection.waitingBytes - before;
      if (hasMore) {
        socket.pause();
        setImmediate(() => {
          if (socket.destroyed) return;
          socket.resume();
          receive(NOTHING);
        });
      } else if (connection.waitingBytes > 0 && this.#waitingBytes > this.#config.limits.waiting) {
        this.#counters.connections.malformed += 1;
        connection.end('sent half a packet, of which there are too many');
      }
    };
    socket.on('data', receive);
    // it closes in either case
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#waitingBytes -= connection.waitingBytes;
      this.#connections.delete(connection);
      this.#sockets.delete(socket);
    });
  }

  #look(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections) connection.look(nowMs);
    if (this.#complaints > MOST_COMPLAINTS) {
      this.#report('warning', `${this.#complaints - MOST_COMPLAINTS} more such connections`);
    }
    this.#complaints = 0;
  }

  #complain(text: string): void {
    this.#complaints += 1;
    if (this.#complaints <= MOST_COMPLAINTS) this.#report('warning', text);
  }
}

function limitsOf({ limits }: MilterConfig): ConnectionLimits {
  return {
    packetBytes: limits.packet,
    sessionBytes: limits.session,
    idleMs: limits.idle_timeout,
    packetMs: limits.packet_timeout,
  };
}

/** @throws UsageError where there is no such group */
async function findGroup(group: string): Promise<number> {
  const { gid }: Account = await findAccount(`${process.getuid?.() ?? 0}:${group}`);
  return gid;
}
