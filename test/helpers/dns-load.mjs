/*
 * Asks a DNS server without pause, inside a namespace (an agent, see agent.ts). Every reply is
 * checked: of each question, its set of right answers is known.
 *
 * { do: 'start', address, port, window, questions: [{ name, type, answers: [...] }] }
 * { do: 'stop' } → { sent, answered, lost, wrong: [...], retried }
 * { do: 'tcp', … } see below
 * { do: 'page', url } → the text of a page, whose status has to be 200
 */
import dgram from 'node:dgram';
import net from 'node:net';
import { createInterface } from 'node:readline';
import dnsPacket from 'dns-packet';

let run;

class Load {
  constructor({ address, port, window, questions, timeoutMs = 2000 }) {
    Object.assign(this, { address, port, window, questions, timeoutMs });
    this.packets = questions.map(({ name, type }) =>
      dnsPacket.encode({ type: 'query', id: 0, questions: [{ type, name }] }),
    );
    this.open = new Map();
    this.result = { sent: 0, answered: 0, lost: 0, wrong: [], seen: {} };
    this.nextId = 0;
    this.isOn = true;
    this.socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4');
    this.socket.on('message', (message) => this.take(message));
    this.socket.bind(0, () => {
      this.socket.setRecvBufferSize(4 << 20);
      for (let k = 0; k < window; k++) this.ask();
    });
    this.timer = setInterval(() => this.expire(), 100);
  }

  ask() {
    if (!this.isOn) return;
    do this.nextId = (this.nextId + 1) & 0xffff;
    while (this.open.has(this.nextId));
    const which = this.result.sent++ % this.questions.length;
    const packet = Buffer.from(this.packets[which]);
    packet.writeUInt16BE(this.nextId, 0);
    this.open.set(this.nextId, { which, sentMs: performance.now() });
    this.socket.send(packet, this.port, this.address);
  }

  take(message) {
    const id = message.readUInt16BE(0);
    const asked = this.open.get(id);
    if (asked === undefined) return;
    this.open.delete(id);
    this.result.answered++;
    const { rcode, answers } = dnsPacket.decode(message);
    const text = [rcode, ...answers.map(({ data }) => String(data))].join(' ');
    const seen = this.result.seen;
    seen[text] = (seen[text] ?? 0) + 1;
    const { name, answers: right } = this.questions[asked.which];
    if (!right.includes(text) && this.result.wrong.length < 20) {
      this.result.wrong.push(`${name}: ${text}`);
    }
    this.ask();
  }

  expire() {
    const before = performance.now() - this.timeoutMs;
    for (const [id, { sentMs }] of this.open) {
      if (sentMs > before) continue;
      this.open.delete(id);
      this.result.lost++;
      this.ask();
    }
  }

  async stop() {
    this.isOn = false;
    const end = performance.now() + this.timeoutMs + 500;
    while (this.open.size > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    clearInterval(this.timer);
    this.socket.close();
    return this.result;
  }
}

const xorshift = (seed) => () => {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return seed >>> 0;
};

/** Throws mutated queries at the server, and between them asks a question that has to be answered. */
async function fuzz({ address, port, count, seed, question }) {
  const random = xorshift(seed);
  const socket = dgram.createSocket('udp4');
  await new Promise((resolve) => socket.bind(0, resolve));
  socket.setRecvBufferSize(1 << 20);
  const template = dnsPacket.encode({
    type: 'query',
    id: 0xffff,
    questions: [{ type: 'A', name: question }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232 }],
  });
  const whole = dnsPacket.encode({
    type: 'query',
    id: 7,
    questions: [{ type: 'A', name: question }],
  });
  let replied;
  socket.on('message', (message) => {
    if (message.length > 12 && message.readUInt16BE(0) === 7 && (message[3] & 15) === 0)
      replied?.();
  });
  const result = { sent: 0, asked: 0, answered: 0 };
  while (result.sent < count) {
    for (let k = 0; k < 100 && result.sent < count; k++, result.sent++) {
      let packet = Buffer.from(template);
      const changes = 1 + (random() % 6);
      for (let c = 0; c < changes; c++)
        packet[2 + (random() % (packet.length - 2))] = random() & 255;
      if (random() % 4 === 0) packet = packet.subarray(0, random() % (packet.length + 1));
      if (random() % 16 === 0)
        packet = Buffer.concat([packet, Buffer.alloc(random() % 2000, random() & 255)]);
      packet[0] = 0xff; // never the identifier that is waited for
      if (packet.length === 1) packet = Buffer.alloc(0);
      await new Promise((resolve) => socket.send(packet, port, address, resolve));
    }
    result.asked++;
    for (let tries = 0; tries < 5; tries++) {
      const reply = new Promise((resolve) => (replied = () => resolve(true)));
      socket.send(whole, port, address);
      const late = new Promise((resolve) => setTimeout(resolve, 1000, false));
      if (await Promise.race([reply, late])) {
        result.answered++;
        break;
      }
    }
  }
  socket.close();
  return result;
}

const framed = (packet) => {
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(packet.length);
  return Buffer.concat([prefix, packet]);
};

/** Opens a connection and sends pieces; resolves with what came back and when it was closed. */
function converse({ address, port, pieces, pauseMs = 0, reads = true, forMs, halfClose = false }) {
  return new Promise((resolve) => {
    const began = performance.now();
    const socket = net.connect({ port, host: address, allowHalfOpen: halfClose });
    const chunks = [];
    if (reads) socket.on('data', (chunk) => chunks.push(chunk));
    else socket.pause();
    let closedMs;
    const finish = () => {
      socket.destroy();
      const bytes = Buffer.concat(chunks);
      const ids = [];
      for (let at = 0; at + 2 <= bytes.length; at += 2 + bytes.readUInt16BE(at)) {
        ids.push(bytes.readUInt16BE(at + 2));
      }
      resolve({ bytes: bytes.length, ids, closedMs });
    };
    socket.on('error', () => undefined);
    socket.on('close', () => {
      closedMs = performance.now() - began;
      finish();
    });
    if (halfClose) socket.on('end', () => socket.destroy());
    const timer = setTimeout(finish, forMs);
    timer.unref?.();
    void (async () => {
      for (const piece of pieces) {
        if (socket.destroyed) return;
        socket.write(Buffer.from(piece, 'hex'));
        if (pauseMs > 0) await new Promise((go) => setTimeout(go, pauseMs));
      }
      if (halfClose) socket.end();
    })();
  });
}

/** Opens so many connections that stay, and says how many the server left open. */
async function crowd({ address, port, count, waitMs }) {
  const sockets = [];
  let closed = 0;
  for (let k = 0; k < count; k++) {
    const socket = net.connect({ port, host: address });
    socket.on('error', () => undefined);
    socket.on('close', () => closed++);
    socket.resume();
    sockets.push(socket);
    await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  const result = { closed, lastOpen: !sockets.at(-1).destroyed };
  for (const socket of sockets) socket.destroy();
  return result;
}

const work = {
  start: async (request) => void (run = new Load(request)),
  stop: async () => run.stop(),
  fuzz,
  converse,
  crowd,
  page: async ({ url }) => {
    const response = await fetch(url);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${url}: ${response.status} ${text}`);
    return text;
  },
  queries: async ({ name, count }) =>
    Array.from({ length: count }, (_, id) =>
      framed(
        dnsPacket.encode({ type: 'query', id, questions: [{ type: id % 2 ? 'TXT' : 'A', name }] }),
      ).toString('hex'),
    ),
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line);
  work[request.do](request).then(
    (result) => process.stdout.write(`${JSON.stringify({ id: request.id, result })}\n`),
    (error) =>
      process.stdout.write(`${JSON.stringify({ id: request.id, error: String(error) })}\n`),
  );
});
