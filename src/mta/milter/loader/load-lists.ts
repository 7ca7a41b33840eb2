import { parseConfig } from '../../../config/load.js';
import type { LoadedConfig } from '../../../config/load.js';
import type { MilterConfig } from '../../../config/schema.js';
import { unionOf } from '../../../ip/address-set.js';
import { faultText } from '../../../lists/catalogue.js';
import { feedPaths } from '../../../lists/feed-path.js';
import { KeptLines } from '../../../lists/kept-lines.js';
import { openLists } from '../../../lists/open-lists.js';
import { secretWarnings } from '../../../lists/secret-reasons.js';
import { type CountryData, NO_COUNTRIES } from '../../../sources/country-data.js';
import { KeptCountries } from '../../../sources/kept-countries.js';
import { openFiles } from '../../../sources/open-files.js';
import { openState } from '../../../sources/open-state.js';
import { sourcesFolder } from '../../../sources/store.js';
import { SourceError } from '../../../util/errors.js';
import { checkMilter } from '../check-milter.js';
import { countryColumns } from '../judge/country-index.js';
import { reasonTable } from '../judge/reason-table.js';
import { usesReason } from '../judge/reply-text.js';
import { type LoadedLists, type MilterInput, columnsOf } from './loaded-lists.js';

/** Reads lists and countries, and keeps what it read for when it cannot be read again. */
export class ListsLoader {
  readonly #countries = new KeptCountries();
  readonly #lines = new KeptLines();
  #told: CountryData | undefined;

  /**
   * @throws UsageError for a wrong configuration, other KnownErrors where a list cannot be read
   *   and never was
   */
  async load(input: MilterInput, nowMs: number): Promise<LoadedLists> {
    const loaded = parseConfig(input.text, input.file);
    const milter = checkMilter(loaded);
    const warnings: string[] = [];
    const warn = (text: string): void => void warnings.push(text);
    const data = await this.#openCountries(loaded, input, warn);
    const {
      lists,
      leftOut,
      lines,
      nextStaleMs = Infinity,
    } = openLists(loaded, data.table, {
      nowMs,
      readState: input.from === undefined,
      instead: (name, path, { message }) => {
        const known = this.#lines.of(name, path);
        if (known) warn(`${message.replace(/[.]$/, '')}; the old content of list ${name} counts`);
        return known;
      },
    });
    this.#lines.keep(lines);
    warnings.push(...new Set([...lists.values()].flatMap((list) => list.faults.map(faultText))));
    warnings.push(...secretWarnings(loaded, lines));
    for (const [name, why] of leftOut) warn(`list ${name} is left out: ${why}`);
    let next = nextStaleMs;
    for (const { entries } of lists.values()) {
      for (const { untilMs = 0 } of entries) if (untilMs > nowMs) next = Math.min(next, untilMs);
    }
    const judged = Object.entries(milter.lists).flatMap(([name, { text }]) => {
      const list = lists.get(name);
      if (list === undefined) return [];
      const { texts } = milter;
      const tellsReason = [text ?? texts.reject, text ?? texts.tempfail].some(usesReason);
      const addresses = columnsOf(list.addresses);
      const reasons = tellsReason ? reasonTable(list.entries) : undefined;
      return [[name, { addresses, ...(reasons && { reasons }) }] as const];
    });
    const countries = this.#told === data ? undefined : countryColumns(data.table);
    this.#told = data;
    return {
      judged: new Map(judged),
      allow: columnsOf(unionOf(milter.allow.flatMap((name) => lists.get(name)?.addresses ?? []))),
      countries,
      warnings,
      watch: watchedPaths(loaded, milter, input),
      ...(next !== Infinity && { nextChangeAtMs: next }),
    };
  }

  /** Without any data, lists that people keep work all the same. */
  async #openCountries(
    loaded: LoadedConfig,
    input: MilterInput,
    warn: (text: string) => void,
  ): Promise<CountryData> {
    const { from } = input;
    const how = JSON.stringify(loaded.config.sources);
    const options = { keepStatistics: false };
    const open = (): CountryData | Promise<CountryData> =>
      from ? openFiles([...from], options) : openState(loaded, options);
    try {
      return await this.#countries.get(countryPaths(loaded, input), how, open, warn);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      warn(`${error.message}; no address has a country until then`);
      return NO_COUNTRIES;
    }
  }
}

function watchedPaths(loaded: LoadedConfig, milter: MilterConfig, input: MilterInput): string[] {
  const { config, resolvePath } = loaded;
  const state = resolvePath(config.state);
  const paths: string[] = milter.rules === undefined ? [] : [resolvePath(milter.rules)];
  for (const [name, { file, url, stale }] of Object.entries(config.lists)) {
    if (file !== undefined) paths.push(resolvePath(file));
    if (url !== undefined) paths.push(...feedPaths(state, name, stale));
  }
  return [...paths, ...countryPaths(loaded, input)];
}

/** Files and folders that countries are read from. */
function countryPaths(
  { config, resolvePath }: LoadedConfig,
  { from }: MilterInput,
): readonly string[] {
  if (from) return from;
  if (config.sources.csv.length > 0) return config.sources.csv.map(resolvePath);
  return [sourcesFolder(resolvePath(config.state))];
}
