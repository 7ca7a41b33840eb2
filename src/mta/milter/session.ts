import { type Address, formatAddress } from '../../ip/address.js';
import { hasAddress } from '../../ip/address-set.js';
import { type MilterCounters, type NotJudged, type Outcome, countOutcome } from './counters.js';
import { readClientAddress } from './judge/client-address.js';
import { isExempt } from './judge/recipients.js';
import { oneLine } from './judge/reply-text.js';
import type { MilterSettings } from './judge/settings.js';
import { type Verdict, judgeAddress, judgeHelo, ruleVerdict } from './judge/verdict.js';
import { clientInReceived } from './judge/received.js';
import { RuleRun } from './rules/rule-run.js';
import { type Rule, NO_RULES } from './rules/rule-set.js';
import { negotiate } from './negotiate.js';
import { type Client, type Message, isDecided } from './session-state.js';
import { headerValue, logLine, verdictLine } from './session-text.js';
import type { MilterEvent } from './wire/event.js';
import { ACTION, COMMAND, STEP } from './wire/protocol.js';
import type { MilterReply } from './wire/reply.js';

/** The header that tells what was found. */
export const HEADER = 'X-Sekisho';

/** What a session depends on. */
export interface SessionContext {
  /** Those in force now; undefined where there are none that can be used. */
  readonly settings: () => MilterSettings | undefined;
  /** What is answered where something fails here. */
  readonly failure: () => 'accept' | 'tempfail';
  readonly counters: MilterCounters;
  /** Told of each recipient or message that a check had something against, in one line. */
  readonly tell: (line: string) => void;
}

const NONE: readonly MilterReply[] = [];
const CONTINUE: readonly MilterReply[] = [{ type: 'continue' }];
const UNAVAILABLE = '451 4.7.1 Service unavailable, please try again later';

/** Received headers that are looked at: a chain of known hosts is short. */
const MOST_RECEIVED = 50;
/**
 * Headers of our name that are taken out, which takes Postfix quadratic time: a message with more
 * is refused, since a forged one would be left in it.
 */
const MOST_FORGED = 500;
const TOO_MANY_FORGED = `554 5.6.0 Too many ${HEADER} headers`;

/**
 * One connection of a mail server: events in, replies out; no input or output, no clock. Decides at
 * connect and HELO and answers at RCPT, so that the text comes through and exempt recipients stay
 * exempt. Events that come out of order are answered, and change nothing.
 */
export class MilterSession {
  readonly #context: SessionContext;
  #steps = 0;
  #actions = 0;
  #client: Client | undefined;
  #message: Message | undefined;
  #macros = new Map<number, ReadonlyMap<string, string>>();
  #hasFailed = false;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** Answers nothing that is unexpected: see {@link handle}, which this guards. */
  handleSafely(event: MilterEvent): readonly MilterReply[] {
    try {
      return this.handle(event);
    } catch (error) {
      this.#fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
      return this.#unavailable(event);
    }
  }

  /** The replies to an event, in order; many events have none. */
  handle(event: MilterEvent): readonly MilterReply[] {
    if (this.#hasFailed) return this.#unavailable(event);
    switch (event.type) {
      case 'negotiate':
        return [this.#agree(event)];
      case 'macros':
        this.#macros.set(event.command, event.macros);
        return NONE;
      case 'connect':
        return this.#connect(event.host, event.address);
      case 'helo':
        this.#helo(event.name);
        return this.#unless(STEP.noReplyToHelo);
      case 'mail':
        this.#mail(event.sender);
        return this.#unless(STEP.noReplyToMail);
      case 'recipient':
        return this.#recipient(event.recipient);
      case 'header':
        this.#header(event.name, event.value);
        return this.#unless(STEP.noReplyToHeader);
      case 'endOfHeaders':
        return this.#endOfHeaders();
      case 'endOfMessage':
        return this.#endOfMessage();
      case 'abort':
        this.#message = undefined;
        return NONE;
      case 'quitNewConnection':
        this.#message = undefined;
        this.#client = undefined;
        this.#macros.clear();
        return NONE;
      case 'quit':
        return NONE;
      case 'data':
      case 'body':
      case 'unknown':
        return CONTINUE;
    }
  }

  #agree(offer: Extract<MilterEvent, { type: 'negotiate' }>): MilterReply {
    const agreed = negotiate(offer);
    this.#actions = agreed.actions;
    this.#steps = agreed.steps;
    return agreed;
  }

  #unless(step: number): readonly MilterReply[] {
    return (this.#steps & step) === 0 ? CONTINUE : NONE;
  }

  #macro(command: number, name: string): string | undefined {
    return this.#macros.get(command)?.get(name);
  }

  #connect(host: string, addressText: string): readonly MilterReply[] {
    const { counters } = this.#context;
    counters.sessions += 1;
    this.#message = undefined;
    const settings = this.#context.settings();
    if (settings === undefined) {
      this.#client = undefined;
      return this.#unless(STEP.noReplyToConnect);
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
    this.#client = client;
    if (standing === undefined && address !== undefined) {
      client.connectVerdict = this.#found(judgeAddress(address, settings, 'list'));
    }
    const shown = address === undefined ? addressText : formatAddress(address);
    const country = address === undefined ? undefined : settings.countryOf(address);
    this.#decideByRule(client, client.rules.tell('connect', host, shown), true);
    this.#decideByRule(client, client.rules.tell('country', country ?? ''), true);
    this.#tellMacros(client, COMMAND.connect);
    return this.#unless(STEP.noReplyToConnect);
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

  #helo(name: string): void {
    const client = this.#client;
    // another HELO takes the place of the first, as after STARTTLS
    this.#message = undefined;
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
      if (this.#message === undefined) this.#decideByRule(client, rule, false);
      else this.#decideMessage(this.#message, client, rule);
    }
  }

  #decideMessage(message: Message, client: Client, rule: Rule | undefined): void {
    if (rule === undefined || message.isAuthenticated || isDecided(client, message)) return;
    message.rule = rule;
    message.isRuleLate = message.hasHeaders;
    this.#found(ruleVerdict(rule));
  }

  #mail(sender: string): void {
    const client = this.#client;
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
    this.#message = message;
    this.#context.counters.messages += 1;
    if (message.isAuthenticated) this.#context.counters.notJudged.authenticated += 1;
    if (client === undefined) return;
    this.#decideMessage(message, client, client.rules.tell('envfrom', sender));
    this.#tellMacros(client, COMMAND.mail);
    this.#macros.delete(COMMAND.mail);
  }

  #recipient(recipient: string): readonly MilterReply[] {
    const { counters } = this.#context;
    counters.recipients += 1;
    const client = this.#client;
    const message = this.#message;
    if (client === undefined && this.#context.settings() === undefined) {
      return this.#unavailable({ type: 'recipient', recipient });
    }
    if (client === undefined || message === undefined) return CONTINUE;
    const { settings } = client;
    const verdict = this.#recipientVerdict(client, message, recipient);
    const isExemptHere = isExempt(recipient, settings.exempt);
    if (isExemptHere) message.hasExempt = true;
    if (verdict === undefined || verdict.action === 'discard') return CONTINUE;
    const why = isExemptHere ? 'exempt recipient' : this.#whyPassed(client, verdict);
    this.#count(verdict, why);
    this.#context.tell(verdictLine(client, message, verdict, why, recipient));
    return why === undefined ? [{ type: 'code', text: verdict.reply }] : CONTINUE;
  }

  #recipientVerdict(client: Client, message: Message, recipient: string): Verdict | undefined {
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

  /** What there is against the client or message, after what speaks for it. */
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

  /** Why a verdict is not answered, other than by its recipient. */
  #whyPassed({ settings, standing }: Client, { check }: Verdict): string | undefined {
    if (settings.isDryRun) return 'dry run';
    const isOfGateway = check === 'behind_known' || standing === 'known';
    return isOfGateway && !settings.refusesBehindKnown ? 'behind a known host' : undefined;
  }

  #header(name: string, value: string): void {
    const message = this.#message;
    const client = this.#client;
    if (message === undefined) return;
    const lower = name.toLowerCase();
    if (lower === HEADER_IN_LOWER_CASE) message.forged += 1;
    if (client === undefined) return;
    this.#beginHeaders(client, message);
    if (
      lower === 'received' &&
      client.standing === 'known' &&
      message.received.length < MOST_RECEIVED
    ) {
      message.received.push(value);
    }
    // Postfix leaves the space behind the colon out, sendmail does not
    this.#decideMessage(message, client, client.rules.tellOne('header', name, value.trimStart()));
  }

  #beginHeaders(client: Client, message: Message): void {
    if (message.hasHeaders) return;
    message.hasHeaders = true;
    this.#decideMessage(message, client, client.rules.tellEnd('macro'));
  }

  #endOfHeaders(): readonly MilterReply[] {
    const message = this.#message;
    const client = this.#client;
    if (message === undefined || client === undefined) return CONTINUE;
    if (message.forged > MOST_FORGED && !client.settings.isDryRun) {
      return this.#refuseForged(client, message);
    }
    this.#beginHeaders(client, message);
    this.#decideMessage(message, client, client.rules.tellEnd('header'));
    if (client.standing === 'known') this.#judgeOrigin(client, message);
    message.received = [];
    const verdict = this.#verdictOf(client, message);
    // what was found before was answered for each recipient, except for what concerns the whole
    const isLate =
      verdict !== undefined &&
      (verdict.action === 'discard' ||
        verdict === message.lateVerdict ||
        (verdict.check === 'rule' && message.isRuleLate));
    if (!isLate) return CONTINUE;
    const why = message.hasExempt ? 'exempt recipient' : this.#whyPassed(client, verdict);
    this.#count(verdict, why);
    this.#context.tell(verdictLine(client, message, verdict, why, undefined));
    if (why !== undefined) return CONTINUE;
    if (verdict.action === 'discard') return [{ type: 'discard' }];
    return [{ type: 'code', text: verdict.reply }];
  }

  /** Whoever the recipients are: what tells the verdict would lie to them. */
  #refuseForged(client: Client, message: Message): readonly MilterReply[] {
    this.#context.counters.forgedHeaders += message.forged;
    const from = client.address === undefined ? client.host : formatAddress(client.address);
    const what = `reject by=${message.forged} forged headers client=${from} from=${message.sender}`;
    this.#context.tell(logLine(`${what} reply="${TOO_MANY_FORGED}"`));
    return [{ type: 'code', text: TOO_MANY_FORGED }];
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

  #endOfMessage(): readonly MilterReply[] {
    const message = this.#message;
    const client = this.#client;
    this.#message = undefined;
    if (message === undefined) return CONTINUE;
    const replies: MilterReply[] = [];
    if ((this.#actions & ACTION.changeHeaders) !== 0) {
      this.#context.counters.forgedHeaders += message.forged;
      // from the last: where one is gone, those behind it count anew
      for (let index = Math.min(message.forged, MOST_FORGED); index > 0; index--) {
        replies.push({ type: 'removeHeader', name: HEADER, index });
      }
    }
    if (client !== undefined) {
      const value = headerValue(client, message, this.#verdictOf(client, message));
      if (value !== undefined && (this.#actions & ACTION.addHeaders) !== 0) {
        replies.push({ type: 'addHeader', name: HEADER, value });
      }
      replies.push(...this.#quarantine(client, message));
    }
    return [...replies, { type: 'continue' }];
  }

  #quarantine(client: Client, message: Message): readonly MilterReply[] {
    const rule = client.rule ?? message.rule;
    if (rule?.action.kind !== 'quarantine' || message.isAuthenticated) return NONE;
    const isHeld =
      !client.settings.isDryRun && !message.hasExempt && (this.#actions & ACTION.quarantine) !== 0;
    countOutcome(this.#context.counters, { check: 'rule' }, isHeld ? 'quarantined' : 'passed');
    const by = `by=rule in line ${rule.line}`;
    this.#context.tell(`${isHeld ? '' : 'would '}quarantine ${by} from=${oneLine(message.sender)}`);
    const reason = oneLine(rule.action.reply) || 'quarantined by a rule';
    return isHeld ? [{ type: 'quarantine', reason }] : NONE;
  }

  #found(verdict: Verdict | undefined): Verdict | undefined {
    if (verdict !== undefined) countOutcome(this.#context.counters, verdict, 'found');
    return verdict;
  }

  #count(verdict: Verdict, whyPassed: string | undefined): void {
    const outcome = whyPassed === undefined ? ANSWERED[verdict.action] : 'passed';
    countOutcome(this.#context.counters, verdict, outcome);
  }

  #fail(text: string): void {
    this.#hasFailed = true;
    this.#context.counters.failures += 1;
    const what = this.#context.failure() === 'accept' ? 'passes' : 'is refused for now';
    this.#context.tell(`a session failed, and its mail ${what}: ${text}`);
  }

  /** What is answered where there is nothing to judge by. */
  #unavailable(event: MilterEvent): readonly MilterReply[] {
    switch (event.type) {
      case 'negotiate':
        return [this.#agree(event)];
      case 'recipient':
      case 'endOfHeaders':
      case 'endOfMessage':
        return this.#context.failure() === 'tempfail'
          ? [{ type: 'code', text: UNAVAILABLE }]
          : CONTINUE;
      case 'connect':
        return this.#unless(STEP.noReplyToConnect);
      case 'helo':
        return this.#unless(STEP.noReplyToHelo);
      case 'mail':
        return this.#unless(STEP.noReplyToMail);
      case 'header':
        return this.#unless(STEP.noReplyToHeader);
      case 'quitNewConnection':
        this.#hasFailed = false;
        this.#client = undefined;
        return NONE;
      case 'macros':
      case 'abort':
      case 'quit':
        return NONE;
      case 'data':
      case 'body':
      case 'unknown':
        return CONTINUE;
    }
  }
}

const HEADER_IN_LOWER_CASE = HEADER.toLowerCase();

const SUBMISSION_PORTS: ReadonlySet<string> = new Set(['587', '465', 'submission', 'submissions']);

const REFUSES: ReadonlySet<string> = new Set(['reject', 'tempfail']);
const ANSWERED: Readonly<Record<Verdict['action'], Outcome>> = {
  reject: 'rejected',
  tempfail: 'tempfailed',
  discard: 'discarded',
};
