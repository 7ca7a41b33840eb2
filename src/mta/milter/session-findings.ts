import { type Address, formatAddress } from '../../ip/address.js';
import { hasAddress } from '../../ip/address-set.js';
import { type MilterCounters, type NotJudged, countOutcome } from './counters.js';
import { readClientAddress } from './judge/client-address.js';
import { clientInReceived } from './judge/received.js';
import type { MilterSettings } from './judge/settings.js';
import { type Verdict, judgeAddress, judgeHelo, ruleVerdict } from './judge/verdict.js';
import { RuleRun } from './rules/rule-run.js';
import { type Rule, NO_RULES } from './rules/rule-set.js';
import { type Client, type Message, isDecided } from './session-state.js';
import { COMMAND } from './wire/protocol.js';

/** Received headers that are looked at: a chain of known hosts is short. */
const MOST_RECEIVED = 50;

/**
 * What is found about one client and its message, event by event, and counted. What is answered is
 * decided by MilterSession.
 */
export class SessionFindings {
  readonly #counters: MilterCounters;
  readonly #macros = new Map<number, ReadonlyMap<string, string>>();
  /** Undefined before connect, and where there were no settings to judge by. */
  client: Client | undefined;
  /** The one that is under way. */
  message: Message | undefined;

  constructor(counters: MilterCounters) {
    this.#counters = counters;
  }

  /** Macros that belong to the command that follows. */
  keepMacros(command: number, macros: ReadonlyMap<string, string>): void {
    this.#macros.set(command, macros);
  }

  /** Another client, not judged where there are no settings. */
  connect(host: string, addressText: string, settings: MilterSettings | undefined): void {
    const counters = this.#counters;
    counters.sessions += 1;
    this.message = undefined;
    if (settings === undefined) {
      this.client = undefined;
      return;
    }
    const address = readClientAddress(addressText);
    const standing = this.#standingOf(address, settings);
    if (standing !== undefined) counters.notJudged[standing] += 1;
    const isPassed = standing !== undefined && standing !== 'known';
    const client: Client = {
      settings,
      host,
      address,
      standing,
      rules: new RuleRun(isPassed ? NO_RULES : settings.rules),
      ownName: this.#macro(COMMAND.connect, 'j'),
      helo: undefined,
      connectVerdict: undefined,
      heloVerdict: undefined,
      rule: undefined,
      ruleAtConnect: false,
    };
    this.client = client;
    if (standing === undefined && address !== undefined) {
      client.connectVerdict = this.#found(judgeAddress(address, settings, 'list'));
    }
    const shown = address === undefined ? addressText : formatAddress(address);
    const country = address === undefined ? undefined : settings.countryOf(address);
    this.#decideByRule(client, client.rules.tell('connect', host, shown), true);
    this.#decideByRule(client, client.rules.tell('country', country ?? ''), true);
    this.#tellMacros(client, COMMAND.connect);
  }

  helo(name: string): void {
    const client = this.client;
    // another HELO takes the place of the first, as after STARTTLS
    this.message = undefined;
    if (client === undefined) return;
    const isSame = client.helo === name;
    client.helo = name;
    if (client.rule !== undefined && !client.ruleAtConnect) client.rule = undefined;
    if (client.standing === undefined && client.address !== undefined && !isSame) {
      const verdict = judgeHelo(name, client.address, client.settings, client.ownName);
      client.heloVerdict = this.#found(verdict);
    }
    this.#decideByRule(client, client.rules.tell('helo', name), false);
    this.#tellMacros(client, COMMAND.helo);
  }

  mail(sender: string): void {
    const client = this.client;
    const authenticated = this.#macro(COMMAND.mail, 'auth_authen') ?? '';
    const message: Message = {
      sender,
      isAuthenticated: authenticated !== '',
      rule: undefined,
      isRuleLate: false,
      hasExempt: false,
      received: [],
      forged: 0,
      hasHeaders: false,
      origin: undefined,
      lateVerdict: undefined,
    };
    this.message = message;
    this.#counters.messages += 1;
    if (message.isAuthenticated) this.#counters.notJudged.authenticated += 1;
    if (client === undefined) return;
    this.#decideMessage(message, client, client.rules.tell('envfrom', sender));
    this.#tellMacros(client, COMMAND.mail);
    this.#macros.delete(COMMAND.mail);
  }

  /** What there is against this recipient of the message; undefined without a message. */
  recipient(recipient: string): Verdict | undefined {
    const { client, message } = this;
    if (client === undefined || message === undefined) return undefined;
    const rule = client.rules.tell('envrcpt', recipient);
    this.#tellMacros(client, COMMAND.recipient);
    if (rule === undefined || message.isAuthenticated || isDecided(client, message)) {
      return this.#verdictOf(client, message);
    }
    // a refusal is of this recipient alone, all else of the message
    if (!REFUSES.has(rule.action.kind)) this.#decideMessage(message, client, rule);
    const before = this.#verdictOf(client, message);
    if (before !== undefined || !REFUSES.has(rule.action.kind)) return before;
    return this.#found(ruleVerdict(rule));
  }

  header(name: string, value: string): void {
    const { client, message } = this;
    if (client === undefined || message === undefined) return;
    this.#beginHeaders(client, message);
    if (
      name.toLowerCase() === 'received' &&
      client.standing === 'known' &&
      message.received.length < MOST_RECEIVED
    ) {
      message.received.push(value);
    }
    // Postfix leaves the space behind the colon out, sendmail does not
    this.#decideMessage(message, client, client.rules.tellOne('header', name, value.trimStart()));
  }

  /** All headers are there: rules that miss one, and who gave the mail to a known host. */
  endHeaders(): void {
    const { client, message } = this;
    if (client === undefined || message === undefined) return;
    this.#beginHeaders(client, message);
    this.#decideMessage(message, client, client.rules.tellEnd('header'));
    if (client.standing === 'known') this.#judgeOrigin(client, message);
    message.received = [];
  }

  /** What there is against client and message so far, after what speaks for them. */
  verdict(): Verdict | undefined {
    const { client, message } = this;
    return client && message && this.#verdictOf(client, message);
  }

  /** Forgets the message that is under way, where there is one. */
  endMessage(): void {
    this.message = undefined;
  }

  /** Forgets the client as well: another one may come by the same connection. */
  endClient(): void {
    this.message = undefined;
    this.client = undefined;
    this.#macros.clear();
  }

  #macro(command: number, name: string): string | undefined {
    return this.#macros.get(command)?.get(name);
  }

  #standingOf(address: Address | undefined, settings: MilterSettings): NotJudged | undefined {
    if (address === undefined) return 'local';
    if (!settings.judgesSubmission && this.#isSubmission()) return 'submission';
    if (hasAddress(settings.allow, address)) return 'allowed';
    if (hasAddress(settings.known, address)) return 'known';
    return undefined;
  }

  #isSubmission(): boolean {
    const port = this.#macro(COMMAND.connect, 'daemon_port');
    if (port !== undefined && SUBMISSION_PORTS.has(port.toLowerCase())) return true;
    // sendmail's own name for its daemon on port 587
    return this.#macro(COMMAND.connect, 'daemon_name') === 'MSA';
  }

  #decideByRule(client: Client, rule: Rule | undefined, atConnect: boolean): void {
    if (rule === undefined || client.rule !== undefined) return;
    client.rule = rule;
    client.ruleAtConnect = atConnect;
    this.#found(ruleVerdict(rule));
  }

  #tellMacros(client: Client, command: number): void {
    if (!client.rules.looksAt('macro')) return;
    for (const [name, value] of this.#macros.get(command) ?? []) {
      // rules write the names of sendmail: longer ones than a letter in braces
      const rule = client.rules.tellOne('macro', name.length > 1 ? `{${name}}` : name, value);
      if (this.message === undefined) this.#decideByRule(client, rule, false);
      else this.#decideMessage(this.message, client, rule);
    }
  }

  #decideMessage(message: Message, client: Client, rule: Rule | undefined): void {
    if (rule === undefined || message.isAuthenticated || isDecided(client, message)) return;
    message.rule = rule;
    message.isRuleLate = message.hasHeaders;
    this.#found(ruleVerdict(rule));
  }

  #verdictOf(client: Client, message: Message): Verdict | undefined {
    if (message.isAuthenticated) return undefined;
    const rule = client.rule ?? message.rule;
    if (rule?.action.kind === 'accept') return undefined;
    return (
      client.connectVerdict ??
      client.heloVerdict ??
      (rule && ruleVerdict(rule)) ??
      message.lateVerdict
    );
  }

  #beginHeaders(client: Client, message: Message): void {
    if (message.hasHeaders) return;
    message.hasHeaders = true;
    this.#decideMessage(message, client, client.rules.tellEnd('macro'));
  }

  /** Finds who gave the mail to the first of the known hosts that it went through. */
  #judgeOrigin(client: Client, message: Message): void {
    const { settings } = client;
    for (const received of message.received) {
      const address = clientInReceived(received);
      if (address === undefined) return;
      if (hasAddress(settings.known, address)) continue;
      message.origin = address;
      if (hasAddress(settings.allow, address) || message.isAuthenticated) return;
      message.lateVerdict = this.#found(judgeAddress(address, settings, 'behind_known'));
      return;
    }
  }

  #found(verdict: Verdict | undefined): Verdict | undefined {
    if (verdict !== undefined) countOutcome(this.#counters, verdict, 'found');
    return verdict;
  }
}

const SUBMISSION_PORTS: ReadonlySet<string> = new Set(['587', '465', 'submission', 'submissions']);

const REFUSES: ReadonlySet<string> = new Set(['reject', 'tempfail']);
