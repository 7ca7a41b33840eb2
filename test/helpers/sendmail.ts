import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { PackageHost } from './package-host.js';
import type { Namespace } from './namespace.js';
import type { RunResult } from './run.js';
import type { Server } from './server.js';

/** What the tests that start a sendmail need. */
export const SENDMAIL_NEEDS = ['makemap', 'm4', 'namespace'];

/** Where Debian keeps the program itself, beside its symbolic links. */
const SENDMAIL = '/usr/libexec/sendmail/sendmail';

export interface SendmailOptions {
  /** m4 lines before the mailers: FEATURE, define, INPUT_MAIL_FILTER. */
  readonly mc?: string;
  /** m4 lines at the end, such as LOCAL_RULESETS. */
  readonly rules?: string;
  /** Text of the access map. */
  readonly access?: string;
}

/**
 * sendmail in a namespace: mx.test.example takes mail for every user of test.example and of
 * itself, and throws it away.
 */
export class Sendmail {
  readonly host: PackageHost;
  readonly configFolder: string;
  #server: Server | undefined;

  private constructor(host: PackageHost) {
    this.host = host;
    this.configFolder = join(host.folder, 'mail');
  }

  /** Made by m4 and makemap, not started: for `sendmail -bt`. */
  static async prepare(network: Namespace, options: SendmailOptions = {}): Promise<Sendmail> {
    const host = await PackageHost.create(network, {
      packages: ['sendmail'],
      users: ['smmta', 'smmsp'],
    });
    const sendmail = new Sendmail(host);
    for (const name of ['mail', 'queue']) mkdirSync(join(host.folder, name));
    // it refuses a queue that others may look into
    chmodSync(join(host.folder, 'queue'), 0o700);
    await sendmail.configure(options);
    return sendmail;
  }

  /** Listening on port 2525 of 127.0.0.1 and ::1. */
  static async start(network: Namespace, options: SendmailOptions = {}): Promise<Sendmail> {
    const sendmail = await Sendmail.prepare(network, options);
    const log = join(sendmail.host.folder, 'traffic');
    sendmail.#server = await sendmail.host.start(
      SENDMAIL,
      ['-C', join(sendmail.configFolder, 'sendmail.cf'), '-bD', '-X', log],
      { ready: () => sendmail.#isListening() },
    );
    return sendmail;
  }

  async configure({ mc = '', rules = '', access = '' }: SendmailOptions): Promise<void> {
    const path = (name: string): string => join(this.configFolder, name);
    writeFileSync(path('sendmail.mc'), mcText(this.host, mc) + rules);
    const cf = await this.host.run('m4', [
      '-D_CF_DIR_=/usr/share/sendmail/cf/',
      path('sendmail.mc'),
    ]);
    if (cf.code !== 0) throw new Error(`m4: ${cf.stderr}`);
    writeFileSync(path('sendmail.cf'), cf.stdout);
    const made = await this.host.run('makemap', ['-C', '/dev/null', 'hash', path('access')], {
      input: access,
    });
    if (made.code !== 0) throw new Error(`makemap: ${made.stderr}`);
  }

  /** Test mode: `input` as typed at its prompt. */
  test(input: string): Promise<RunResult> {
    const words = ['-C', join(this.configFolder, 'sendmail.cf'), '-bt'];
    return this.host.run(SENDMAIL, words, { input });
  }

  stop(): Promise<void> | undefined {
    return this.#server?.stop();
  }

  async #isListening(): Promise<boolean> {
    const { stdout } = await this.host.run('cat', ['/proc/net/tcp', '/proc/net/tcp6']);
    // state 0A listens; 09DD is port 2525
    return (stdout.match(/:09DD \S+ 0A /g) ?? []).length === 2;
  }
}

/** The load limits are off: it closes its port on a busy machine. */
function mcText({ folder, hostName }: PackageHost, lines: string): string {
  return `include(\`/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(\`linux')dnl
define(\`confDOMAIN_NAME', \`${hostName}')dnl
define(\`confDONT_BLAME_SENDMAIL', \`MapInUnsafeDirPath,GroupWritableDirPathSafe')dnl
define(\`QUEUE_DIR', \`${folder}/queue')dnl
define(\`confPID_FILE', \`${folder}/sendmail.pid')dnl
define(\`STATUS_FILE', \`${folder}/statistics')dnl
define(\`ALIAS_FILE', \`')dnl
define(\`confTO_IDENT', \`0')dnl
define(\`confREFUSE_LA', \`0')dnl
define(\`confQUEUE_LA', \`0')dnl
define(\`LOCAL_MAILER_PATH', \`/bin/true')dnl
define(\`confDELIVERY_MODE', \`queue')dnl
MODIFY_MAILER_FLAGS(\`LOCAL', \`-w')dnl
FEATURE(\`no_default_msa')dnl
FEATURE(\`accept_unresolvable_domains')dnl
FEATURE(\`access_db', \`hash -T<TMPF> ${folder}/mail/access')dnl
LOCAL_DOMAIN(\`test.example')dnl
DAEMON_OPTIONS(\`Name=MTA4, Family=inet, Addr=127.0.0.1, Port=2525')dnl
DAEMON_OPTIONS(\`Name=MTA6, Family=inet6, Addr=::1, Port=2525')dnl
${lines}MAILER(\`local')dnl
MAILER(\`smtp')dnl
`;
}
