import { parseConfig } from '../../config/load.js';
import type { LoadedConfig } from '../../config/load.js';
import { ZoneSecrets } from '../../config/zone-secrets.js';
import type { MilterConfig } from '../../config/schema.js';
import type { Address } from '../../ip/address.js';
import { unionOf } from '../../ip/address-set.js';
import { compareWords } from '../../ip/words.js';
import { type List, faultText } from '../../lists/catalogue.js';
import { feedPaths } from '../../lists/feed-path.js';
import { KeptLines } from '../../lists/kept-lines.js';
import { openLists } from '../../lists/open-lists.js';
import { secretWarnings } from '../../lists/secret-reasons.js';
import { type CountryData, NO_COUNTRIES } from '../../sources/country-data.js';
import { KeptCountries } from '../../sources/kept-countries.js';
import { openFiles } from '../../sources/open-files.js';
import { openState } from '../../sources/open-state.js';
import { sourcesFolder } from '../../sources/store.js';
import { SourceError, UsageError } from '../../util/errors.js';
import { actionOf, checkMilter, prefixesAt } from './check-milter.js';
import { CountryIndex } from './judge/country-index.js';
import { exemptRecipients } from './judge/recipients.js';
import { usesReason } from './judge/reply-text.js';
import type { JudgedList, MilterSettings, Refusal, RefusalAction } from './judge/settings.js';
import { ownAddresses, ownNames } from './own-host.js';
import { readRules } from './read-rules.js';
import type { RuleSet } from './rules/rule-set.js';

/** Text of a configuration, and where it was read: relative paths start there. */
export interface MilterInput {
  readonly text: string;
  readonly file: string | undefined;
  /** Statistics files in place of the state. */
  readonly from?: readonly string[];
}

export interface LoadedMilter {
  readonly settings: MilterSettings;
  readonly warnings: readonly string[];
  /** Files and folders that it was made from. */
  readonly watch: readonly string[];
  /** When an entry of a list ends, milliseconds since 1970. */
  readonly nextChangeAtMs?: number;
}

const DEFAULT_CODES: Readonly<Record<RefusalAction, string>> = {
  reject: '550 5.7.1',
  tempfail: '450 4.7.1',
};

/** Makes settings of a configuration, and keeps what it read for when it cannot be read again. */
export class SettingsLoader {
  readonly #countries = new KeptCountries();
  readonly #lines = new KeptLines();
  #index: { readonly data: CountryData; readonly index: CountryIndex } | undefined;
  #rules: RuleSet | undefined;

  /**
   * @throws UsageError for a wrong configuration, other KnownErrors where a list cannot be read
   *   and never was
   */
  async load(input: MilterInput, nowMs = Date.now()): Promise<LoadedMilter> {
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
    const ends = [...lists.values()].flatMap(({ entries }) =>
      entries.flatMap(({ untilMs }) => (untilMs === undefined || untilMs <= nowMs ? [] : untilMs)),
    );
    const next = ends.reduce((first, end) => Math.min(first, end), nextStaleMs);
    return {
      settings: makeSettings(
        loaded,
        milter,
        lists,
        this.#indexOf(data),
        this.#readRules(loaded, warn),
      ),
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

  #indexOf(data: CountryData): CountryIndex {
    if (this.#index?.data !== data) this.#index = { data, index: new CountryIndex(data.table) };
    return this.#index.index;
  }

  #readRules(loaded: LoadedConfig, warn: (text: string) => void): RuleSet {
    try {
      const { rules, warnings } = readRules(loaded, checkMilter(loaded));
      for (const text of warnings) warn(text);
      this.#rules = rules;
    } catch (error) {
      if (!(error instanceof UsageError) || this.#rules === undefined) throw error;
      warn(`${error.message}; the old rules count`);
    }
    return this.#rules;
  }
}

function makeSettings(
  loaded: LoadedConfig,
  milter: MilterConfig,
  lists: ReadonlyMap<string, List>,
  countries: CountryIndex,
  rules: RuleSet,
): MilterSettings {
  const judged = Object.keys(milter.lists).flatMap((name): JudgedList[] => {
    const list = lists.get(name);
    return list === undefined ? [] : [judgedList(list, refusalOf(loaded, milter, name))];
  });
  const isPermanent = ({ refusal }: JudgedList): boolean => refusal.action === 'reject';
  const { helo, texts } = milter;
  const heloRefusal = (action: 'off' | RefusalAction, text: string): Refusal | undefined =>
    action === 'off' ? undefined : { action, code: HELO_CODES[action], text };
  const noDot = heloRefusal(helo.no_dot, texts.no_dot);
  const own = heloRefusal(helo.own, texts.own);
  return {
    lists: [...judged.filter(isPermanent), ...judged.filter((list) => !isPermanent(list))],
    allow: unionOf(milter.allow.flatMap((name) => lists.get(name)?.addresses ?? [])),
    known: prefixesAt(loaded, ['milter', 'known'], milter.known),
    exempt: exemptRecipients(milter.exempt),
    secrets: new ZoneSecrets(loaded.config),
    helo: {
      ...(noDot && { noDot }),
      ...(own && { own }),
      names: ownNames(helo.names),
      addresses: unionOf([
        ownAddresses(),
        prefixesAt(loaded, ['milter', 'helo', 'addresses'], helo.addresses),
      ]),
    },
    rules,
    countryOf: (address) => countries.countryOf(address),
    judgesSubmission: milter.submission,
    refusesBehindKnown: milter.refuse_behind_known,
    addsHeader: milter.header,
    isDryRun: milter.observe,
  };
}

const HELO_CODES: Readonly<Record<RefusalAction, string>> = {
  reject: '554 5.7.1',
  tempfail: '451 4.7.1',
};

function refusalOf(loaded: LoadedConfig, milter: MilterConfig, name: string): Refusal {
  const { code, text } = milter.lists[name] ?? {};
  const action = actionOf(loaded, milter, name);
  const full = code?.length === 3 ? `${code} ${code[0]}.7.1` : code;
  return { action, code: full ?? DEFAULT_CODES[action], text: text ?? milter.texts[action] };
}

function judgedList({ name, addresses, entries }: List, refusal: Refusal): JudgedList {
  if (!usesReason(refusal.text)) return { name, addresses, refusal };
  const withReason = entries.filter(({ reason }) => reason !== undefined);
  const reasonOf = ({ family, words }: Address): string | undefined =>
    withReason.find(
      ({ range }) =>
        range.family === family &&
        compareWords(range.first, 0, words, 0, words.length) <= 0 &&
        compareWords(range.last, 0, words, 0, words.length) >= 0,
    )?.reason;
  return { name, addresses, refusal, reasonOf };
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
