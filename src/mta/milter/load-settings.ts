import { parseConfig } from '../../config/load.js';
import type { LoadedConfig } from '../../config/load.js';
import { ZoneSecrets } from '../../config/zone-secrets.js';
import type { MilterConfig } from '../../config/schema.js';
import type { Address } from '../../ip/address.js';
import { unionOf } from '../../ip/address-set.js';
import { UsageError } from '../../util/errors.js';
import { actionOf, checkMilter, knownHosts, prefixesAt } from './check-milter.js';
import { CountryIndex, countryColumns } from './judge/country-index.js';
import { reasonIn } from './judge/reason-table.js';
import { exemptRecipients } from './judge/recipients.js';
import type { JudgedList, MilterSettings, Refusal, RefusalAction } from './judge/settings.js';
import { type LoadedLists, type MilterInput, addressSetIn } from './loader/loaded-lists.js';
import { LoadingThread } from './loader/loading-thread.js';
import { ownAddresses, ownNames } from './own-host.js';
import { readRules } from './read-rules.js';
import type { RuleSet } from './rules/rule-set.js';

export interface LoadedMilter {
  readonly settings: MilterSettings;
  readonly warnings: readonly string[];
  /** Files and folders that it was made from. */
  readonly watch: readonly string[];
  /** When an entry of a list ends, milliseconds since 1970. */
  readonly nextChangeAtMs?: number;
}

const NO_COUNTRIES = new CountryIndex(countryColumns(new Map()));

const DEFAULT_CODES: Readonly<Record<RefusalAction, string>> = {
  reject: '550 5.7.1',
  tempfail: '450 4.7.1',
};

/** Makes settings of a configuration. What is large is read by a thread of its own. */
export class SettingsLoader {
  readonly #thread = new LoadingThread();
  #countries = NO_COUNTRIES;
  #rules: RuleSet | undefined;

  /**
   * @throws UsageError for a wrong configuration, other KnownErrors where a list cannot be read
   *   and never was
   */
  async load(input: MilterInput, nowMs = Date.now()): Promise<LoadedMilter> {
    const loaded = parseConfig(input.text, input.file);
    const milter = checkMilter(loaded);
    const lists = await this.#thread.load(input, nowMs);
    if (lists.countries !== undefined) this.#countries = new CountryIndex(lists.countries);
    const warnings = [...lists.warnings];
    const rules = this.#readRules(loaded, (text) => warnings.push(text));
    const { watch, nextChangeAtMs } = lists;
    return {
      settings: makeSettings(loaded, milter, lists, this.#countries, rules),
      warnings,
      watch,
      ...(nextChangeAtMs !== undefined && { nextChangeAtMs }),
    };
  }

  /** Ends the thread; a load that is under way fails. */
  stop(): Promise<void> {
    return this.#thread.stop();
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
  { judged: judgedLists, allow }: LoadedLists,
  countries: CountryIndex,
  rules: RuleSet,
): MilterSettings {
  const judged = [...judgedLists].map(([name, { addresses, reasons }]): JudgedList => ({
    name,
    addresses: addressSetIn(addresses),
    refusal: refusalOf(loaded, milter, name),
    ...(reasons && { reasonOf: (address: Address) => reasonIn(reasons, address) }),
  }));
  const isPermanent = ({ refusal }: JudgedList): boolean => refusal.action === 'reject';
  const { helo, texts } = milter;
  const heloRefusal = (action: 'off' | RefusalAction, text: string): Refusal | undefined =>
    action === 'off' ? undefined : { action, code: HELO_CODES[action], text };
  const noDot = heloRefusal(helo.no_dot, texts.no_dot);
  const own = heloRefusal(helo.own, texts.own);
  return {
    lists: [...judged.filter(isPermanent), ...judged.filter((list) => !isPermanent(list))],
    allow: addressSetIn(allow),
    known: knownHosts(loaded, milter),
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
