/*
 * Runs inside the network namespace of a service: blocks addresses as a person would, and tells
 * how long it took until the command had ended (the kernel is changed before) and until the DNSBL
 * answered. Arguments: JSON { program, config, port, zone, addresses }; prints
 * [{ kernelMs, dnsMs }].
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const { program, config, port, zone, addresses } = JSON.parse(process.argv[2]);
const WAIT_MS = 20_000;
const ASK_EVERY_MS = 2;

function question(name) {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  const head = Buffer.from([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}

/** Time at which an answer is in the reply. */
async function listedAt(address) {
  const query = question(`${address.split('.').reverse().join('.')}.${zone}`);
  const socket = createSocket('udp4');
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const timer = setInterval(() => socket.send(query), ASK_EVERY_MS);
  const end = setTimeout(() => {
    throw new Error(`${address} is not listed after ${WAIT_MS} ms`);
  }, WAIT_MS);
  try {
    for (;;) {
      const [reply] = await once(socket, 'message');
      if (reply.readUInt16BE(6) > 0) return performance.now();
    }
  } finally {
    clearInterval(timer);
    clearTimeout(end);
    socket.close();
  }
}

const took = [];
for (const address of addresses) {
  const listed = listedAt(address);
  const start = performance.now();
  const child = spawn(process.execPath, [program, 'block', '--config', config, address], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`block ended with ${code}`);
  took.push({ kernelMs: performance.now() - start, dnsMs: (await listed) - start });
}
process.stdout.write(JSON.stringify(took));
