import { fileURLToPath } from 'node:url';

import { Agent } from './agent.js';
import type { Namespace } from './namespace.js';

/** What a client does; it connects from an address of the namespace. */
export interface SmtpWishes {
  readonly from: string;
  readonly port?: number;
  /** Where to; 127.0.0.1 or ::1 after the family of `from`, where left out. */
  readonly to?: string;
  readonly helo?: string;
  /** By AUTH PLAIN. */
  readonly login?: { readonly user: string; readonly password: string };
  readonly sender?: string;
  readonly recipients?: readonly string[];
  /** How long the session may take; 15 s where left out. */
  readonly patienceMs?: number;
  /** Sent where a recipient was taken; without it the session ends after RCPT. */
  readonly message?: string;
}

/** What the server said: whole replies, `closed` where it hung up, empty where it was not asked. */
export interface SmtpReplies {
  readonly banner: string;
  readonly helo: string;
  /** To AUTH, where that was sent. */
  readonly login?: string;
  readonly mail: string;
  readonly recipients: readonly string[];
  readonly data: string;
}

/** An SMTP client inside a namespace, for the test or file. */
export class SmtpClient {
  readonly #agent: Agent;

  private constructor(agent: Agent) {
    this.#agent = agent;
  }

  static async start(network: Namespace): Promise<SmtpClient> {
    const script = fileURLToPath(new URL('./smtp-agent.mjs', import.meta.url));
    return new SmtpClient(await Agent.start(network, script));
  }

  session(wishes: SmtpWishes): Promise<SmtpReplies> {
    return this.#agent.ask({
      do: 'session',
      port: 2525,
      to: wishes.from.includes(':') ? '::1' : '127.0.0.1',
      helo: 'client.example',
      sender: 'sender@sender.example',
      recipients: ['user@mx.test.example'],
      ...wishes,
    });
  }

  /** The reply to the first recipient, or to whatever refused before it. */
  async recipientReply(wishes: SmtpWishes): Promise<string> {
    const { banner, helo, mail, recipients } = await this.session(wishes);
    return recipients[0] ?? [mail, helo, banner].find((reply) => reply !== '') ?? 'no reply';
  }

  /** {@link recipientReply} of several clients, one after the other. */
  async recipientReplies(
    clients: readonly string[],
    wishes: Omit<SmtpWishes, 'from'> = {},
  ): Promise<Record<string, string>> {
    const replies: Record<string, string> = {};
    for (const from of clients) replies[from] = await this.recipientReply({ ...wishes, from });
    return replies;
  }
}
