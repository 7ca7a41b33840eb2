import { createTransport } from 'nodemailer';

import type { Endpoint } from '../../config/network-values.js';
import { messageOf } from '../../util/errors.js';

export interface SmtpLetter {
  readonly server: Endpoint;
  /** Sender and recipients of the envelope. */
  readonly from: string;
  readonly to: readonly string[];
  /** The message as `mailText` makes it. */
  readonly text: string;
  /** Name of this host, for EHLO. */
  readonly host: string;
  readonly timeoutMs: number;
}

/**
 * Gives a message to a mail server by SMTP (RFC 5321). Where the server offers STARTTLS, its
 * certificate is not looked at: a mail server of the host itself seldom has one for 127.0.0.1.
 *
 * @returns why it was not taken, by all recipients or some; undefined where it was
 */
export async function sendBySmtp(letter: SmtpLetter): Promise<string | undefined> {
  const { server, from, to, text, host, timeoutMs } = letter;
  const place = `${server.address.includes(':') ? `[${server.address}]` : server.address}:${server.port}`;
  const transport = createTransport({
    host: server.address,
    port: server.port,
    name: host,
    secure: false,
    tls: { rejectUnauthorized: false },
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    const sent = transport.sendMail({ envelope: { from, to: [...to] }, raw: text });
    const late = new Promise<never>((_, reject) => {
      const end = (): void => {
        reject(new Error(`it did not take the message within ${timeoutMs / 1000} s`));
      };
      timer = setTimeout(end, timeoutMs);
    });
    const { rejected } = await Promise.race([sent, late]);
    if (rejected.length === 0) return undefined;
    const refused = rejected.map(String);
    return `the mail server at ${place} did not take ${refused.join(', ')}`;
  } catch (error) {
    const why = messageOf(error)
      .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
      .slice(0, 300);
    return `the mail server at ${place} cannot be given the message: ${why}`;
  } finally {
    clearTimeout(timer);
    transport.close();
  }
}
