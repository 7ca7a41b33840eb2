/*
 * Speaks SMTP as a client would, up to RCPT or with a whole message, for Agent.start: one request
 * a session. Replies are given as they were said, lines of one reply joined by a line feed.
 */
import { once } from 'node:events';
import { connect } from 'node:net';

import { answerRequests } from './answer.mjs';

const PATIENCE_MS = 15_000;

/** Replies of a connection, in order; `closed` once the server has gone. */
class Conversation {
  #text = '';
  #closed = false;
  #socket;
  #wake = () => undefined;

  constructor(socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (piece) => {
      this.#text += piece;
      this.#wake();
    });
    socket.on('error', () => undefined); // a reply that is lacking says it
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  async reply() {
    for (;;) {
      const match = /^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/.exec(this.#text);
      if (match) {
        this.#text = this.#text.slice(match[0].length);
        return match[0].trimEnd().replaceAll('\r\n', '\n');
      }
      if (this.#closed) return 'closed';
      await new Promise((resolve) => (this.#wake = resolve));
    }
  }

  async say(line) {
    if (this.#closed) return 'closed';
    this.#socket.write(`${line}\r\n`, 'latin1');
    return this.reply();
  }
}

answerRequests({
  async session({ from, to, port, helo, login, sender, recipients, message, patienceMs }) {
    const socket = connect({ host: to, port, localAddress: from });
    const timer = setTimeout(() => socket.destroy(), patienceMs ?? PATIENCE_MS);
    const talk = new Conversation(socket);
    const said = { banner: '', helo: '', mail: '', recipients: [], data: '' };
    said.banner = await talk.reply();
    if (said.banner.startsWith('2')) said.helo = await talk.say(`EHLO ${helo}`);
    if (login !== undefined && said.helo.startsWith('2')) {
      // RFC 4616
      const words = Buffer.from(`\0${login.user}\0${login.password}`).toString('base64');
      said.login = await talk.say(`AUTH PLAIN ${words}`);
    }
    if (said.helo.startsWith('2')) said.mail = await talk.say(`MAIL FROM:<${sender}>`);
    if (said.mail.startsWith('2')) {
      for (const one of recipients) said.recipients.push(await talk.say(`RCPT TO:<${one}>`));
    }
    if (message !== undefined && said.recipients.some((reply) => reply.startsWith('2'))) {
      said.data = await talk.say('DATA');
      if (said.data.startsWith('3')) said.data = await talk.say(`${message}\r\n.`);
    }
    await talk.say('QUIT');
    clearTimeout(timer);
    if (!socket.destroyed) {
      socket.end();
      await Promise.race([
        once(socket, 'close'),
        new Promise((resolve) => setTimeout(resolve, 50)),
      ]);
      socket.destroy();
    }
    return said;
  },
});
