import type { ServiceConfig } from './configuration.js';

/** A part of a service that runs beside the others: the DNSBL, metrics, the milter. */
export interface Part {
  /** One word, for the log and the snapshot. */
  readonly name: string;
  /**
   * Resolves when it does its work.
   *
   * @param died to be called where it fails later: it is stopped, and started again after a while
   * @throws KnownError saying what is in its way, such as a port that is in use
   */
  start(died: (error: unknown) => void): Promise<void>;
  /** Ends within a second; also what was half started. */
  stop(): Promise<void>;
  /**
   * Takes another configuration, which was checked.
   *
   * @returns what of it holds after a restart only, a line each
   */
  reload?(config: ServiceConfig): Promise<readonly string[]>;
  /** At SIGHUP and SIGUSR1, what a part of that kind does then besides. */
  reopenLogs?(): void;
  /** Lines for the log at SIGUSR1. */
  statisticsLines?(): readonly string[];
  /** Facts that can be written as JSON. */
  snapshot(): unknown;
}
