import { formatAddress } from '../../ip/address.js';
import { stackOf } from '../../util/errors.js';
import { type MilterCounters, type Outcome, countOutcome } from './counters.js';
import { isExempt } from './judge/recipients.js';
import { oneLine } from './judge/reply-text.js';
import type { MilterSettings } from './judge/settings.js';
import type { Verdict } from './judge/verdict.js';
import { negotiate } from './negotiate.js';
import { SessionFindings } from './session-findings.js';
import type { Client, Message } from './session-state.js';
import { headerValue, logLine, verdictLine } from './session-text.js';
import type { MilterEvent } from './wire/event.js';
import { ACTION, STEP } from './wire/protocol.js';
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
  readonly #findings: SessionFindings;
  #steps = 0;
  #actions = 0;
  #hasFailed = false;

  constructor(context: SessionContext) {
    this.#context = context;
    this.#findings = new SessionFindings(context.counters);
  }

  /** Answers nothing that is unexpected: see {@link handle}, which this guards. */
  handleSafely(event: MilterEvent): readonly MilterReply[] {
    try {
      return this.handle(event);
    } catch (error) {
      this.#fail(stackOf(error));
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
        this.#findings.keepMacros(event.command, event.macros);
        return NONE;
      case 'connect':
        this.#findings.connect(event.host, event.address, this.#context.settings());
        return this.#unless(STEP.noReplyToConnect);
      case 'helo':
        this.#findings.helo(event.name);
        return this.#unless(STEP.noReplyToHelo);
      case 'mail':
        this.#findings.mail(event.sender);
        return this.#unless(STEP.noReplyToMail);
      case 'recipient':
        return this.#recipient(event.recipient);
      case 'header':
        this.#countForged(event.name);
        this.#findings.header(event.name, event.value);
        return this.#unless(STEP.noReplyToHeader);
      case 'endOfHeaders':
        return this.#endOfHeaders();
      case 'endOfMessage':
        return this.#endOfMessage();
      case 'abort':
        this.#findings.endMessage();
        return NONE;
      case 'quitNewConnection':
        this.#findings.endClient();
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

  #recipient(recipient: string): readonly MilterReply[] {
    const { counters } = this.#context;
    counters.recipients += 1;
    const { client, message } = this.#findings;
    if (client === undefined && this.#context.settings() === undefined) {
      return this.#unavailable({ type: 'recipient', recipient });
    }
    if (client === undefined || message === undefined) return CONTINUE;
    const { settings } = client;
    const verdict = this.#findings.recipient(recipient);
    const isExemptHere = isExempt(recipient, settings.exempt);
    if (isExemptHere) message.hasExempt = true;
    if (verdict === undefined || verdict.action === 'discard') return CONTINUE;
    const why = isExemptHere ? 'exempt recipient' : this.#whyPassed(client, verdict);
    this.#count(verdict, why);
    this.#context.tell(verdictLine(client, message, verdict, why, recipient));
    return why === undefined ? [{ type: 'code', text: verdict.reply }] : CONTINUE;
  }

  /** Why a verdict is not answered, other than by its recipient. */
  #whyPassed({ settings, standing }: Client, { check }: Verdict): string | undefined {
    if (settings.isDryRun) return 'dry run';
    const isOfGateway = check === 'behind_known' || standing === 'known';
    return isOfGateway && !settings.refusesBehindKnown ? 'behind a known host' : undefined;
  }

  #endOfHeaders(): readonly MilterReply[] {
    const { client, message } = this.#findings;
    if (message === undefined || client === undefined) return CONTINUE;
    if (message.forged > MOST_FORGED && !client.settings.isDryRun) {
      return this.#refuseForged(client, message);
    }
    this.#findings.endHeaders();
    const verdict = this.#findings.verdict();
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

  #countForged(name: string): void {
    const { message } = this.#findings;
    if (message !== undefined && name.toLowerCase() === HEADER_IN_LOWER_CASE) message.forged += 1;
  }

  /** Whoever the recipients are: what tells the verdict would lie to them. */
  #refuseForged(client: Client, message: Message): readonly MilterReply[] {
    this.#context.counters.forgedHeaders += message.forged;
    const from = client.address === undefined ? client.host : formatAddress(client.address);
    const what = `reject by=${message.forged} forged headers client=${from} from=${message.sender}`;
    this.#context.tell(logLine(`${what} reply="${TOO_MANY_FORGED}"`));
    return [{ type: 'code', text: TOO_MANY_FORGED }];
  }

  #endOfMessage(): readonly MilterReply[] {
    const { client, message } = this.#findings;
    const verdict = this.#findings.verdict();
    this.#findings.endMessage();
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
      const value = headerValue(client, message, verdict);
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
        this.#findings.endClient();
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

const ANSWERED: Readonly<Record<Verdict['action'], Outcome>> = {
  reject: 'rejected',
  tempfail: 'tempfailed',
  discard: 'discarded',
};
