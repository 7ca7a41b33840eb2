import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { CommandInput } from '../../src/jobs/notify/letter.js';
import type { Notice } from '../../src/jobs/notify/notice.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { published } from '../helpers/fetching.js';
import { TestServer } from '../helpers/http-server.js';
import type { RunResult } from '../helpers/run.js';
import { MAIN, sekisho } from '../helpers/sekisho.js';
import { startServer } from '../helpers/server.js';
import { statisticsText } from '../helpers/statistics-text.js';

/** Other tests run beside this one. */
const WAIT = { timeout: 30_000, interval: 200 };

/** A host whose mail server and command write down what they get. */
class Host {
  readonly folder: string;
  readonly #server: TestServer;

  private constructor(folder: string, server: TestServer) {
    this.folder = folder;
    this.#server = server;
  }

  static async make(more = ''): Promise<Host> {
    const host = new Host(await temporaryFolder(), await TestServer.start());
    await host.script('sendmail', `printf '%s ' "$@" > mail.args; cat > mail.text`);
    await host.script(
      'command',
      `printf '%s|' "$@" > command.args; cat > command.json; sed -n 's/.*"subject": *"\\([^"]*\\)".*/\\1/p' command.json >> told.log`,
    );
    await host.configure(`notify:
  command: [./command, "a b", "$(touch pwned)"]
  mail: { to: [root, admin@example.net], from: sekisho@example.net, sendmail: ./sendmail }
${more}`);
    return host;
  }

  async configure(more: string): Promise<void> {
    await writeFile(
      this.path('sekisho.yaml'),
      `state: state
sources:
  registries: [apnic]
  urls: { apnic: ['${this.#server.url('/apnic')}'] }
  tries: 1
lists: { asia: { countries: [KR] } }
${more}`,
    );
  }

  async script(name: string, text: string): Promise<void> {
    await writeFile(this.path(name), `#!/bin/sh\ncd ${this.folder}\n${text}\n`);
    await chmod(this.path(name), 0o755);
  }

  /** @param value addresses of South Korea; undefined: the registry is down */
  publish(value: number | undefined): void {
    this.#server.routes.clear();
    if (value === undefined) return;
    const records = [
      { cc: 'KR', start: '203.0.0.0', value },
      { cc: 'JP', start: '133.0.0.0', value: 65_536 },
    ];
    const routes = published('/apnic', statisticsText({ records }));
    for (const [path, route] of Object.entries(routes)) this.#server.routes.set(path, route);
  }

  async update(...args: string[]): Promise<RunResult> {
    return sekisho(['update', ...args], { cwd: this.folder });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  text(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** What the command was told since this was last asked. */
  async told(): Promise<readonly Notice[]> {
    if (!existsSync(this.path('command.json'))) return [];
    const text = this.text('command.json');
    if (text === '') return [];
    await writeFile(this.path('command.json'), '');
    return (JSON.parse(text) as CommandInput).notices;
  }
}

describe('update tells', () => {
  test('a failure once, that it is mended once, and nothing of what goes well', async () => {
    const host = await Host.make();
    expect((await host.update()).code).toBe(1);
    expect(host.text('command.args')).toBe('a b|$(touch pwned)|');
    expect(existsSync(host.path('pwned'))).toBe(false);
    const input = JSON.parse(host.text('command.json')) as CommandInput;
    expect(input).toMatchObject({ format: 1, update: { exitCode: 1, trigger: 'command' } });
    expect(input.subject).toMatch(/^sekisho on \S+: the update failed: /);
    expect(await host.told()).toMatchObject([{ kind: 'update', phase: 'begins' }]);
    expect(host.text('mail.args')).toBe('-t -i ');
    const mail = host.text('mail.text');
    expect(mail).toMatch(/^From: sekisho@example\.net\nTo: root, admin@example\.net\nSubject: /);
    expect(mail).toContain('the update failed: ');
    expect((await host.update()).code).toBe(1);
    expect(await host.told()).toEqual([]);
    host.publish(256);
    expect(await host.update()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await host.told()).toMatchObject([{ kind: 'update', phase: 'ends' }]);
    await host.update();
    expect(await host.told()).toEqual([]);
    host.publish(1024);
    expect((await host.update('--accept', 'apnic')).code).toBe(0);
    expect(await host.told()).toMatchObject([
      {
        kind: 'change',
        phase: 'happened',
        message: 'list asia changed much: IPv4 256 → 1024 addresses (+300.0 %)',
      },
    ]);
    await host.update();
    expect(await host.told()).toEqual([]);
  });

  test('that an update was killed, once; and status does until the next run', async () => {
    const host = await Host.make();
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const config = host.text('sekisho.yaml');
    const hanging = config.replace(/http:[^']*/, `http://127.0.0.1:${port}/apnic`);
    await writeFile(host.path('sekisho.yaml'), hanging);
    const lock = host.path('state/download.lock');
    const killed = await startServer(process.execPath, [MAIN, 'update'], {
      ready: () => existsSync(lock) && readFileSync(lock, 'utf8') !== '',
      cwd: host.folder,
      timeoutMs: 60_000,
    });
    process.kill(killed.pid, 'SIGKILL');
    await writeFile(host.path('sekisho.yaml'), config);
    await expect
      .poll(async () => (await sekisho(['status'], { cwd: host.folder })).stdout, WAIT)
      .toMatch(/^warning: the update of 20\S+Z was killed$/m);
    silent.close();
    host.publish(256);
    const { code, stderr } = await host.update();
    expect(code).toBe(0);
    expect(stderr).toMatch(/the update of 20\S+Z was killed/);
    // the one notice, and that it is mended, went out one after the other
    expect(await host.told()).toMatchObject([
      { kind: 'update', phase: 'ends', message: expect.stringMatching(/Z was killed$/) as string },
    ]);
    expect(host.text('told.log')).toMatch(
      /^sekisho on \S+: the update failed: the update of .* was killedsekisho on \S+: mended/,
    );
    await host.update();
    expect(await host.told()).toEqual([]);
    expect((await sekisho(['status'], { cwd: host.folder })).stdout).not.toContain('killed');
  });

  test('what cannot be told is a warning, never the exit code, and is told by the next run', async () => {
    const host = await Host.make('  command_timeout: 1s\n');
    await host.script('command', 'echo no way >&2; exit 9');
    await host.script('sendmail', 'exec sleep 60');
    const { code, stderr } = await host.update();
    expect(code).toBe(1);
    expect(stderr).toContain('notify.command: ');
    expect(stderr).toContain('ended with exit code 9: no way');
    expect(stderr).toContain('sendmail did not end within 1 s and was killed');
    await host.script('command', 'cat > command.json');
    await host.script('sendmail', 'cat > mail.text');
    await host.update();
    expect(await host.told()).toMatchObject([{ kind: 'update', phase: 'begins' }]);
    host.publish(256);
    await host.configure(
      'notify: { command: [absent-program], mail: { to: [root], sendmail: ./absent } }\n',
    );
    const good = await host.update();
    expect(good.code).toBe(0);
    expect(good.stderr).toContain('notify.command: absent-program cannot be run');
    expect(good.stderr).toContain('absent cannot be run');
  });

  test('a command may use the program itself: the lock is free again', async () => {
    const host = await Host.make();
    const main = `${process.execPath} ${join(import.meta.dirname, '../../dist/main.cjs')}`;
    await host.script('command', `cat > command.json; ${main} fetch > inner.text 2>&1`);
    await host.update();
    expect(host.text('inner.text')).not.toContain('lock');
    expect(host.text('inner.text')).toContain('apnic');
  });
});
