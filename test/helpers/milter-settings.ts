import { addressSetOf } from '../../src/ip/address-set.js';
import type { AddressSet } from '../../src/ip/address-set.js';
import { parseAddress } from '../../src/ip/address.js';
import { parseRange } from '../../src/ip/notation.js';
import { newCounters } from '../../src/mta/milter/counters.js';
import { exemptRecipients } from '../../src/mta/milter/judge/recipients.js';
import type { MilterSettings } from '../../src/mta/milter/judge/settings.js';
import { parseRules } from '../../src/mta/milter/rules/parse-rules.js';
import { NO_RULES } from '../../src/mta/milter/rules/rule-set.js';
import type { RuleSet } from '../../src/mta/milter/rules/rule-set.js';
import { MilterSession } from '../../src/mta/milter/session.js';
import type { MilterEvent } from '../../src/mta/milter/wire/event.js';
import { COMMAND } from '../../src/mta/milter/wire/protocol.js';
import type { MilterReply } from '../../src/mta/milter/wire/reply.js';

export function addresses(...texts: readonly string[]): AddressSet {
  return addressSetOf(
    texts.map((text) => {
      const range = parseRange(text);
      if ('expected' in range) throw new Error(`${text}: expected ${range.expected}`);
      return range;
    }),
  );
}

export function rules(text: string): RuleSet {
  const parsed = parseRules(text);
  if ('expected' in parsed) throw new Error(JSON.stringify(parsed));
  return parsed;
}

/** Everything on: 203.0.113.7 and 2001:db8:bad::/48 are refused, 203.0.113.8 for now. */
export function milterSettings(changes: Partial<MilterSettings> = {}): MilterSettings {
  const china = addresses('203.0.113.8', '2001:db8:cc::/48');
  return {
    lists: [
      {
        name: 'blocked',
        addresses: addresses('203.0.113.7', '2001:db8:bad::/48', '10.0.0.66'),
        refusal: { action: 'reject', code: '550 5.7.1', text: 'Blocked: [$] is on list $list' },
      },
      {
        name: 'asia',
        addresses: china,
        refusal: { action: 'tempfail', code: '450 4.7.1', text: '[$] of $cc, later 100%' },
      },
    ],
    allow: addresses('203.0.113.99'),
    known: addresses('198.51.100.0/24'),
    exempt: exemptRecipients(['postmaster', 'abuse', 'help@test.example', 'open.example']),
    secrets: { hiddenIn: (text) => text },
    helo: {
      noDot: { action: 'reject', code: '554 5.7.1', text: 'no dot in $helo' },
      own: { action: 'tempfail', code: '451 4.7.1', text: 'that is me' },
      names: new Set(['mx.test.example']),
      addresses: addresses('127.0.0.0/8', '192.0.2.25', '2001:db8::25'),
    },
    rules: NO_RULES,
    countryOf: (address) => {
      const text = parseAddress('203.0.113.8');
      const isChinese =
        !('expected' in text) &&
        (address.family === 4
          ? address.words[0] === text.words[0]
          : china.v6.indexOf(address.words) >= 0);
      return isChinese ? 'CN' : undefined;
    },
    judgesSubmission: false,
    refusesBehindKnown: false,
    addsHeader: true,
    isDryRun: false,
    ...changes,
  };
}

/** What a test's mail server does. */
export interface Conversation {
  readonly client?: string;
  readonly host?: string;
  readonly helo?: string;
  readonly sender?: string;
  readonly recipients?: readonly string[];
  readonly headers?: readonly (readonly [string, string])[];
  readonly connectMacros?: Readonly<Record<string, string>>;
  readonly mailMacros?: Readonly<Record<string, string>>;
}

/** What the milter said of it: code and text, or `continue`. */
export interface Said {
  readonly recipients: readonly string[];
  readonly endOfHeaders: string;
  /** Replies at the end, such as `add X-Sekisho: …`, `remove X-Sekisho 1`. */
  readonly end: readonly string[];
}

/** A session without sockets, that offers everything and answers nothing before RCPT. */
export class SessionUnderTest {
  readonly counters = newCounters();
  readonly lines: string[] = [];
  readonly session: MilterSession;

  constructor(
    settings: MilterSettings | 'none' = milterSettings(),
    failure: 'accept' | 'tempfail' = 'accept',
  ) {
    this.session = new MilterSession({
      settings: () => (settings === 'none' ? undefined : settings),
      failure: () => failure,
      counters: this.counters,
      tell: (line) => this.lines.push(line),
    });
    this.tell({ type: 'negotiate', version: 6, actions: 0x1ff, steps: 0x1fffff });
  }

  tell(event: MilterEvent): string[] {
    return this.session.handleSafely(event).map(textOf);
  }

  macros(command: number, values: Readonly<Record<string, string>>): void {
    this.tell({ type: 'macros', command, macros: new Map(Object.entries(values)) });
  }

  /** A whole SMTP session with one message. */
  run(talk: Conversation): Said {
    this.macros(COMMAND.connect, { j: 'mx2.test.example', ...talk.connectMacros });
    this.connect(talk);
    return this.message(talk);
  }

  connect({
    client = '192.0.2.1',
    host = 'client.example',
    helo = 'client.example',
  }: Conversation) {
    this.tell({ type: 'connect', host, address: client });
    this.tell({ type: 'helo', name: helo });
  }

  message(talk: Conversation): Said {
    const { recipients = ['<user@test.example>'], headers = [['Subject', 'hello']] } = talk;
    this.macros(COMMAND.mail, { i: '4XyZ', ...talk.mailMacros });
    this.tell({ type: 'mail', sender: talk.sender ?? '<sender@sender.example>' });
    const said = recipients.map((recipient) => this.tell({ type: 'recipient', recipient }).join());
    for (const [name, value] of headers) this.tell({ type: 'header', name, value });
    const endOfHeaders = this.tell({ type: 'endOfHeaders' }).join();
    return { recipients: said, endOfHeaders, end: this.tell({ type: 'endOfMessage' }) };
  }

  /** The reply to one recipient. */
  recipient(talk: Conversation): string {
    return this.run(talk).recipients[0] ?? 'none';
  }
}

function textOf(reply: MilterReply): string {
  switch (reply.type) {
    case 'code':
      return reply.text;
    case 'addHeader':
      return `add ${reply.name}: ${reply.value}`;
    case 'removeHeader':
      return `remove ${reply.name} ${reply.index}`;
    case 'quarantine':
      return `quarantine ${reply.reason}`;
    default:
      return reply.type;
  }
}
