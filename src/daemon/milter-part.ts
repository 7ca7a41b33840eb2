import type { MilterSnapshot, MilterServer } from '../mta/milter/server/server.js';
import { counterLines } from '../mta/milter/counters.js';
import type { TallyFile } from '../mta/milter/tally-file.js';
import type { Report } from '../util/report.js';
import type { ServiceConfig } from './configuration.js';
import { keepTallies } from './keep-tallies.js';
import type { Part } from './part.js';

/** The milter as a part of the daemon. It follows its lists and rules by itself. */
export class MilterPart implements Part {
  readonly name = 'milter';
  readonly #report: Report;
  #config: ServiceConfig;
  #server: MilterServer | undefined;
  #tallies: TallyFile | undefined;

  constructor(config: ServiceConfig, report: Report) {
    this.#config = config;
    this.#report = (level, text) => {
      report(level, `milter: ${text}`);
    };
  }

  async start(): Promise<void> {
    // its regular expressions are loaded where there is a milter only
    const { MilterServer: Server } = await import('../mta/milter/server/server.js');
    const { text, file, loaded } = this.#config;
    const user = loaded.config.milter?.user;
    if (user !== undefined) {
      this.#report(
        'warning',
        `user: ${user} owns the sockets and is not followed otherwise by \`sekisho run\`, which ` +
          'changes the kernel; `sekisho milter` as a service of its own does',
      );
    }
    const server = new Server({ text, file }, this.#report, { keepsRights: true });
    this.#server = server;
    await server.start();
    this.#tallies = await keepTallies(this.#config, 'run', server, this.#report);
    this.#report('info', `listening on ${server.listen.join(', ')}`);
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
    this.#tallies?.close();
    this.#tallies = undefined;
    this.#server = undefined;
  }

  async reload(config: ServiceConfig): Promise<readonly string[]> {
    if (config.loaded.config.milter === undefined) return [];
    this.#config = config;
    const { text, file } = config;
    await this.#server?.reload({ text, file });
    return [];
  }

  statisticsLines(): readonly string[] {
    const server = this.#server;
    if (server === undefined) return [];
    return counterLines(server.snapshot().counters).map((line) => `milter: ${line}`);
  }

  snapshot(): MilterSnapshot | undefined {
    return this.#server?.snapshot();
  }
}
