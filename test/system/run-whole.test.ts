import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { ask } from '../helpers/dns-questions.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import { MAIN } from '../helpers/sekisho.js';
import { statisticsText } from '../helpers/statistics-text.js';

const CONFIG = `state: state
sources: { registries: [apnic] }
lists:
  east: { countries: [KR] }
  blocked: { file: blocked.txt }
firewall:
  backend: nftables
  rules: [{ name: ssh, tcp: [22], deny: [east] }]
dnsbl:
  listen: ['127.0.0.1:5300']
  zones: [{ name: bl.example.net, lists: { blocked: { code: 127.0.0.2 } } }]
metrics: { listen: '127.0.0.1:9853' }
milter:
  listen: ['127.0.0.1:9900']
  lists: { blocked: { action: reject } }
notify: { command: [./tell] }
run: { drift_every: 1s, jitter: 1s }
`;

/** A client of the milter on the list, up to its first recipient; prints the reply's text. */
const SESSION = `
import net from 'node:net';
const packet = (command, data) => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(data.length + 1);
  head.write(command, 4, 'latin1');
  return Buffer.concat([head, data]);
};
const negotiate = Buffer.from('000000060000001f001fffff', 'hex');
const socket = net.connect(9900, '127.0.0.1');
socket.write(Buffer.concat([
  packet('O', negotiate),
  packet('C', Buffer.concat([Buffer.from('c.example\\0' + '4'), Buffer.of(4, 1), Buffer.from('198.51.100.7\\0')])),
  packet('H', Buffer.from('c.example\\0')),
  packet('M', Buffer.from('<a@s.example>\\0')),
  packet('R', Buffer.from('<u@t.example>\\0')),
]));
let text = '';
socket.on('data', (piece) => {
  text += piece.toString('latin1');
  const reply = /y(5\\d\\d [^\\0]*)/.exec(text);
  if (reply) { console.log(reply[1]); process.exit(); }
});
setTimeout(() => process.exit(1), 10_000);
`;

systemTest(
  'run keeps firewall, DNSBL, metrics and milter, and tells of all of them',
  ['root', 'namespace', 'nft', 'dig', 'curl'],
  async () => {
    const network = await Namespace.create();
    const folder = await temporaryFolder();
    const state = join(folder, 'state', 'sources');
    mkdirSync(state, { recursive: true });
    const records = [{ cc: 'KR', start: '203.0.113.0', value: 256 }];
    writeFileSync(join(state, 'delegated-apnic'), statisticsText({ records }));
    writeFileSync(join(folder, 'blocked.txt'), '198.51.100.7 spam\n');
    writeFileSync(join(folder, 'tell'), '#!/bin/sh\ncat >> told\n', { mode: 0o755 });
    writeFileSync(join(folder, 'sekisho.yaml'), CONFIG);
    const program = (...words: readonly string[]) =>
      network.run(process.execPath, [MAIN, ...words, '--config', 'sekisho.yaml'], { cwd: folder });
    const told = () => network.run('cat', ['told'], { cwd: folder });
    const metrics = async (): Promise<string> =>
      (await network.run('curl', ['-s', 'http://127.0.0.1:9853/metrics'])).stdout;
    const daemon = await network.start(process.execPath, [MAIN, 'run', '-c', 'sekisho.yaml'], {
      cwd: folder,
      timeoutMs: 30_000,
      ready: async () => (await metrics()).includes('sekisho_part_up'),
    });
    expect(await ask(network, '7.100.51.198.bl.example.net', 'A')).toBe('NOERROR 127.0.0.2');

    const session = await network.run(process.execPath, ['--input-type=module', '--eval', SESSION]);
    expect(session.stdout).toMatch(/^550 /);
    expect(await metrics()).toMatch(
      /^sekisho_milter_check_outcomes_total\{check="list",outcome="rejected"\} 1$/m,
    );
    expect(await metrics()).toMatch(/^sekisho_part_up\{part="milter"\} 1$/m);

    const status = await program('status', '--json');
    const { services } = JSON.parse(status.stdout) as { services: unknown[] };
    expect(services).toMatchObject([
      {
        service: 'run',
        parts: {
          dnsbl: { state: 'running' },
          milter: { state: 'running' },
          metrics: { state: 'running' },
        },
        milter: { counters: { sessions: 1 } },
      },
    ]);
    expect((await program('status')).stdout).toMatch(/milter: .*1 session, .*list 1, refused 1/);

    expect((await network.run('nft', ['delete', 'table', 'inet', 'sekisho'])).code).toBe(0);
    await expect
      .poll(async () => (await told()).stdout, { timeout: 20_000, interval: 200 })
      .toMatch(/drift/);
    daemon.signal('SIGHUP');
    daemon.signal('SIGTERM');
    await daemon.stop();
  },
  90_000,
);
