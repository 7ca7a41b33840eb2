import { availableParallelism } from 'node:os';

import { batchObstacle } from '../../linux/udp/calls.js';
import { changeRoot } from '../../linux/change-root.js';
import { SystemError } from '../../util/errors.js';
import { workIn } from '../../util/working-folder.js';
import type { RateLimit } from '../answer/rate-limiter.js';
import { BatchTransport } from './batch-transport.js';
import { DgramTransport } from './dgram-transport.js';
import { type ListenAddress, checkListen } from './listen.js';
import type { LoaderSpec } from './loader.js';
import { type Account, becomeUser, findAccount } from '../../util/privileges.js';
import { mustReadProgram } from '../../util/program-path.js';
import { QueryLog, type QueryLogSettings } from './query-log.js';
import { Statistics, type StatisticsSnapshot } from './statistics.js';
import type { TransferHandler } from './tcp-connection.js';
import { TCP_LIMITS, type TcpLimits, TcpTransport } from './tcp-transport.js';
import type { Generation, QueryTransport, Report } from './transport.js';
import { type FirstLoad, ZoneSupply } from './zone-supply.js';

export interface ServerSettings {
  readonly listen: readonly ListenAddress[];
  readonly loader: LoaderSpec;
  /** `user` or `user:group` that the process becomes once all is bound. */
  readonly user?: string;
  /**
   * Becomes the root folder once all is bound (chroot(2)); paths are looked up in it from then on.
   * No thread can be loaded any more: each that answers has another beside it.
   */
  readonly root?: string;
  /** Folder of relative paths from then on, within `root`. */
  readonly workingFolder?: string;
  /** Called within a `root` where a thread has ended and none is left for its place. */
  readonly onLost?: (reason: string) => void;
  /** Threads that answer over UDP; one where left out, two on four cores or more. */
  readonly workers?: number;
  /** `batch`: not to start where batches do not work; `dgram`: Node's own sockets where they would. */
  readonly transport?: 'auto' | 'batch' | 'dgram';
  readonly rateLimit?: RateLimit;
  readonly log?: QueryLogSettings;
  readonly tcp?: Partial<TcpLimits>;
  /** Whether a change of a file loads the zones again; true where left out. */
  readonly watch?: boolean;
  /** How often files are looked at even if the kernel tells nothing; 5 s where left out. */
  readonly watchEveryMs?: number;
  readonly transfer?: TransferHandler;
  /** Zones that must be there to start; some where left out. */
  readonly firstLoad?: FirstLoad;
  /** Called when all is bound, with the rights that the process began with. */
  readonly onBound?: () => void;
  /** Called when those are given up, before zones are loaded; queries wait from then on. */
  readonly onOpen?: () => void;
  readonly report: Report;
  /** Called with the zones that are answered from, each time that there are new ones. */
  readonly onServing?: (generation: Generation) => void;
}

/**
 * A DNS server for the zones of a loader: binds, gives up rights, loads, answers, and loads again
 * on demand, when a file changes, or when time has come. New zones are made aside and swapped in.
 */
export class DnsServer {
  readonly #settings: ServerSettings;
  readonly #statistics = new Statistics();
  readonly #closers: (() => Promise<void>)[] = [];
  #transports: readonly QueryTransport[] = [];
  #batch: BatchTransport | undefined;
  #log: QueryLog | undefined;
  #supply: ZoneSupply | undefined;
  #serving: Generation | undefined;
  #isStopping = false;

  constructor(settings: ServerSettings) {
    this.#settings = settings;
  }

  /**
   * Resolves when queries are answered. Where it throws, nothing was answered and all is closed.
   *
   * @throws UsageError, SystemError naming the address, user or file at fault
   * @throws SourceError where zones could not be loaded that have to be there
   */
  async start(): Promise<void> {
    const { listen, user, log, report } = this.#settings;
    checkListen(listen);
    const account = user === undefined ? undefined : await findAccount(user);
    try {
      const supply = this.#openSupply();
      this.#log = log && new QueryLog(log, report);
      this.#transports = [await this.#bindTcp(), await this.#bindUdp()];
      this.#settings.onBound?.();
      if (this.#settings.root !== undefined) await this.#enter(this.#settings.root, supply);
      if (this.#settings.workingFolder !== undefined) workIn(this.#settings.workingFolder);
      if (account !== undefined) this.#become(account);
      this.#log?.open();
      if (this.#settings.root === undefined) this.#batch?.start();
      this.#settings.onOpen?.();
      await supply.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /**
   * Loads zones again; where that fails the old ones are served on, and the reason is reported.
   *
   * @param input for the loader, from now on; as before where left out
   * @returns whether new zones are served
   */
  async reload(input?: unknown): Promise<boolean> {
    return (await this.#supply?.reload(input)) ?? false;
  }

  /** Opens the query log anew, for log rotation. */
  reopenLog(): void {
    this.#log?.reopen();
  }

  statistics(): StatisticsSnapshot {
    return this.#statistics.read();
  }

  resetStatistics(): void {
    this.#statistics.reset();
  }

  /** The zones that are answered from; undefined until the first load. */
  get serving(): Generation | undefined {
    return this.#serving;
  }

  /** The batch transport, where it is in use. */
  get batch(): BatchTransport | undefined {
    return this.#batch;
  }

  /** Stops answering, closes everything; within a second, whatever is going on. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#closers.splice(0).map((close) => close()));
    this.#log?.stop();
    this.#log = undefined;
  }

  async #enter(root: string, supply: ZoneSupply): Promise<void> {
    this.#batch?.start();
    await Promise.all([this.#batch?.ready(), supply.ready]);
    changeRoot(root);
  }

  #become(account: Account): void {
    becomeUser(account);
    // within a root folder nothing of it is read any more
    if (this.#settings.root === undefined) mustReadProgram(account.name);
  }

  /** Undefined where a thread that ends can be replaced. */
  #onLost(): ((reason: string) => void) | undefined {
    const { root, onLost } = this.#settings;
    return root === undefined ? undefined : (reason) => onLost?.(reason);
  }

  async #bindTcp(): Promise<QueryTransport> {
    const { listen, tcp, transfer } = this.#settings;
    const limits = { ...TCP_LIMITS, ...tcp };
    const transport = await TcpTransport.bind({ ...this.#common(), listen, limits, transfer });
    return this.#opened(transport);
  }

  async #bindUdp(): Promise<QueryTransport> {
    const { listen, transport = 'auto', workers, rateLimit, report } = this.#settings;
    const options = { ...this.#common(), listen, rateLimit };
    const obstacle = transport === 'dgram' ? 'it was asked for' : batchObstacle();
    if (obstacle !== undefined && transport === 'batch') {
      throw new SystemError(`UDP in batches does not work here: ${obstacle}; use transport: auto`);
    }
    if (obstacle === undefined) {
      const count = workers ?? (availableParallelism() < 4 ? 1 : 2);
      const onLost = this.#onLost();
      this.#batch = new BatchTransport({ ...options, workers: count, ...(onLost && { onLost }) });
      return this.#opened(this.#batch);
    }
    report('info', `UDP goes through Node's own sockets, which are slower: ${obstacle}`);
    return this.#opened(await DgramTransport.bind(options));
  }

  #common(): {
    readonly log: QueryLog | undefined;
    readonly report: Report;
    readonly countersFor: Statistics['countersFor'];
  } {
    return {
      log: this.#log,
      report: this.#settings.report,
      countersFor: (generation) => this.#statistics.countersFor(generation),
    };
  }

  /** Its thread gets ready while the sockets are bound; it loads when it is started. */
  #openSupply(): ZoneSupply {
    const { loader, report, watch = true, watchEveryMs, firstLoad = 'some' } = this.#settings;
    const supply = new ZoneSupply({
      loader,
      report,
      watch,
      watchEveryMs,
      firstLoad,
      onLost: this.#onLost(),
      serve: (generation) => {
        this.#serve(generation);
      },
    });
    this.#supply = supply;
    this.#closers.push(() => supply.stop());
    this.#mustGoOn();
    return supply;
  }

  #serve(generation: Generation): void {
    this.#serving = generation;
    this.#log?.hideKeys(generation.compiled);
    for (const transport of this.#transports) transport.serve(generation);
    this.#settings.onServing?.(generation);
  }

  #opened<Transport extends QueryTransport>(transport: Transport): Transport {
    this.#closers.push(() => transport.stop());
    this.#mustGoOn();
    return transport;
  }

  /** `stop` may be called while `start` is under way. */
  #mustGoOn(): void {
    if (this.#isStopping) throw new Error('stopped while it started');
  }
}
