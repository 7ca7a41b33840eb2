import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { PackageHost } from './package-host.js';
import type { Namespace } from './namespace.js';
import type { RunResult } from './run.js';

/** What the tests that run SpamAssassin need. */
export const SPAMASSASSIN_NEEDS = ['spamassassin', 'namespace'];

/** Plugins of the package that the tests are about, and nothing that asks other servers. */
const PRE = `loadplugin Mail::SpamAssassin::Plugin::DNSEval
loadplugin Mail::SpamAssassin::Plugin::Check
`;

const CF = `dns_available yes
util_rb_tld example net
clear_report_template
clear_headers
required_score 5
`;

/** SpamAssassin in a namespace with our rules and no others. */
export class SpamAssassin {
  readonly host: PackageHost;
  readonly #folder: string;

  private constructor(host: PackageHost) {
    this.host = host;
    this.#folder = join(host.folder, 'rules');
  }

  static async create(
    network: Namespace,
    pieces: Readonly<Record<string, string>>,
  ): Promise<SpamAssassin> {
    const host = await PackageHost.create(network, { packages: ['spamassassin-mmdb'] });
    const spamassassin = new SpamAssassin(host);
    mkdirSync(spamassassin.#folder);
    for (const [name, text] of Object.entries({ 'a.pre': PRE, 'a.cf': CF, ...pieces })) {
      writeFileSync(join(spamassassin.#folder, name), text);
    }
    return spamassassin;
  }

  /** Copies a file to where the rules name it. */
  place(from: string, name: string): void {
    cpSync(from, join(this.#folder, name));
  }

  lint(): Promise<RunResult> {
    return this.#run(['--lint']);
  }

  /** Score and headers of a message from each of these addresses, in their order. */
  async check(addresses: readonly string[]): Promise<{ score: string; text: string }[]> {
    const mbox = addresses.map((address) => messageFrom(address)).join('');
    const { stdout, stderr } = await this.#run(['--mbox'], mbox);
    const checked = stdout.split(/^From /m).slice(1);
    // it takes messages in an order of its own
    return addresses.map((address) => {
      const text = checked.find((one) => one.includes(`Subject: from ${address}\n`)) ?? '';
      const score = /^X-Spam-Score: (\S+)/m.exec(text)?.[1];
      if (score === undefined) throw new Error(`no score: ${stdout}\n${stderr}`);
      return { score, text };
    });
  }

  #run(args: readonly string[], input = ''): Promise<RunResult> {
    const { folder } = this.host;
    const paths = ['-C', this.#folder, '--siteconfigpath', this.#folder, '-p', '/dev/null'];
    return this.host.run('spamassassin', [...paths, '-x', ...args], {
      input,
      env: { HOME: folder },
      timeoutMs: 60_000,
    });
  }
}

function messageFrom(address: string): string {
  const literal = address.includes(':') ? `IPv6:${address}` : address;
  return `From a@s.example Sun Nov 22 01:00:00 2026
Received: from c.example (c.example [${literal}])
\tby mx.test.example (Postfix) with ESMTP id 1
\tfor <user@test.example>; Sun, 22 Nov 2026 01:00:00 +0000
From: A <a@s.example>
To: user@test.example
Date: Sun, 22 Nov 2026 01:00:00 +0000
Message-ID: <1@s.example>
Subject: from ${address}

Hello.

`;
}
