import type { FeedOutcome } from '../lists/feeds/fetch-feeds.js';
import type { List } from '../lists/catalogue.js';
import type { RegistryOutcome } from '../sources/fetch.js';
import { EXIT, type ExitCode } from '../util/errors.js';
import type {
  FeedRecord,
  FirewallOutcome,
  ListRecord,
  ListSize,
  RegistryRecord,
  UpdateRecord,
  UpdateTrigger,
} from './last-update.js';
import type { ConfiguredLists } from './open-data.js';
import type { Voice } from './voice.js';

/** Warnings that a record keeps. */
const WARNINGS_KEPT = 100;

/** Takes down what an update does, for its record. */
export class UpdateLog {
  readonly #startedMs: number;
  readonly #trigger: UpdateTrigger;
  readonly #before: UpdateRecord | undefined;
  readonly #warnings: string[] = [];
  #leftOut: Readonly<Record<string, string>> | undefined;
  #registries: readonly RegistryOutcome[] | undefined;
  #feeds: readonly FeedOutcome[] | undefined;
  #lists: readonly List[] | undefined;
  expired = 0;
  exported = 0;
  firewall: FirewallOutcome = 'not reached';
  driftRepaired: readonly string[] = [];

  /** @param before the record of the update before */
  constructor(startedMs: number, trigger: UpdateTrigger, before: UpdateRecord | undefined) {
    this.#startedMs = startedMs;
    this.#trigger = trigger;
    this.#before = before;
  }

  /** A voice whose warnings are kept. */
  heard(voice: Voice): Voice {
    return {
      note: (text) => {
        voice.note(text);
      },
      warn: (text) => {
        if (this.#warnings.length < WARNINGS_KEPT) this.#warnings.push(text);
        voice.warn(text);
      },
    };
  }

  addRegistries(outcomes: readonly RegistryOutcome[]): void {
    this.#registries = outcomes;
  }

  addFeeds(outcomes: readonly FeedOutcome[]): void {
    this.#feeds = outcomes;
  }

  addLists({ lists, leftOut }: ConfiguredLists): void {
    this.#lists = [...lists.values()];
    this.#leftOut = Object.fromEntries(leftOut);
  }

  /** @param error what ended it early */
  end(endedMs: number, exitCode: ExitCode, error?: string): UpdateRecord {
    const before = this.#before;
    const [startedAt, endedAt] = [this.#startedMs, endedMs].map(timeText) as [string, string];
    const isDone = exitCode === EXIT.done;
    const lastDoneAt = isDone ? endedAt : before?.lastDoneAt;
    return {
      format: 1,
      trigger: this.#trigger,
      startedAt,
      endedAt,
      exitCode,
      ...(error !== undefined && { error }),
      warnings: this.#warnings,
      registries:
        this.#registries?.map((outcome) => this.#registryRecord(outcome, endedAt)) ??
        before?.registries ??
        [],
      feeds:
        this.#feeds?.map((outcome) => this.#feedRecord(outcome, endedAt)) ?? before?.feeds ?? [],
      lists: this.#lists?.map((list) => this.#listRecord(list)) ?? before?.lists ?? [],
      leftOut: this.#leftOut ?? before?.leftOut ?? {},
      expired: this.expired,
      exported: this.exported,
      firewall: this.firewall,
      ...(this.driftRepaired.length > 0 && { driftRepaired: this.driftRepaired }),
      ...(lastDoneAt !== undefined && { lastDoneAt }),
      ...(!isDone && { failingSince: before?.failingSince ?? startedAt }),
    };
  }

  #registryRecord(
    { registry, outcome, message, oldSerial, newSerial }: RegistryOutcome,
    endedAt: string,
  ): RegistryRecord {
    const known = this.#before?.registries.find((each) => each.registry === registry);
    return {
      registry,
      outcome,
      message,
      ...(oldSerial !== undefined && { oldSerial }),
      ...(newSerial !== undefined && { newSerial }),
      ...goodAt(outcome, endedAt, known?.goodAt),
    };
  }

  #listRecord(list: List): ListRecord {
    const old = this.#before?.lists.find((each) => each.list === list.name);
    return { list: list.name, ...sizeOf(list), ...(old && { before: ownSize(old) }) };
  }

  #feedRecord({ list, outcome, message }: FeedOutcome, endedAt: string): FeedRecord {
    const known = this.#before?.feeds.find((each) => each.list === list);
    return { list, outcome, message, ...goodAt(outcome, endedAt, known?.goodAt) };
  }
}

function goodAt(outcome: string, endedAt: string, before: string | undefined): { goodAt?: string } {
  const time = outcome === 'updated' || outcome === 'unchanged' ? endedAt : before;
  return time === undefined ? {} : { goodAt: time };
}

function sizeOf({ addresses: { v4, v6 } }: List): ListSize {
  return {
    ranges4: v4.length,
    addresses4: v4.countAddresses(),
    ranges6: v6.length,
    addresses6: v6.countAddresses(),
  };
}

function ownSize({ ranges4, addresses4, ranges6, addresses6 }: ListSize): ListSize {
  return { ranges4, addresses4, ranges6, addresses6 };
}

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
