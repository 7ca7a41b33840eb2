import { type LoadedConfig, parseConfig, readConfigText } from '../config/load.js';
import { checkConfiguration } from '../jobs/check-configuration.js';

/** The text of a configuration, and where it was read. */
export interface ConfigText {
  readonly text: string;
  readonly file: string | undefined;
}

/** What a service works by until it is told to read again: every part of it uses this text. */
export interface ServiceConfig extends ConfigText {
  readonly loaded: LoadedConfig;
  /** Milliseconds since 1970. */
  readonly readAtMs: number;
}

/**
 * Reads and checks a configuration: what it says, and what it refers to.
 *
 * @param path as on the command line; the usual places where left out
 * @throws UsageError where it cannot be read, or is wrong
 */
export function readServiceConfig(path: string | undefined): ServiceConfig {
  const { text, file } = readConfigText(path);
  const loaded = parseConfig(text, file);
  checkConfiguration(loaded);
  return { text, file, loaded, readAtMs: Date.now() };
}
