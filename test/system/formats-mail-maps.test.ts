import { copyFile, writeFile } from 'node:fs/promises';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect } from 'vitest';

import type { NamedList } from '../../src/formats/index.js';
import type { Family } from '../../src/ip/family.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { hundredLists, probesOf } from '../helpers/hundred-ranges.js';
import { findProgram, systemTest } from '../helpers/programs.js';
import { renderText } from '../helpers/render.js';
import { type RunResult, run } from '../helpers/run.js';

/** Asks about every probe; gives those where the program and the list differ. */
async function wrongAnswers(
  list: NamedList,
  families: readonly Family[],
  askAll: (addresses: readonly string[]) => Promise<readonly boolean[]>,
): Promise<string[]> {
  const probes = families.flatMap((family) => probesOf(family));
  expect(probes.length).toBeGreaterThan(350 * families.length);
  const answers = await askAll(probes.map(({ address }) => address));
  expect(answers).toHaveLength(probes.length);
  return probes
    .filter((probe, k) => answers[k] !== (probe.list === list.name))
    .map(({ address, list: name }) => `${address} should be in ${name ?? 'no list'}`);
}

describe('postfix-cidr, asked through postmap', () => {
  systemTest('lists the hundred ranges exactly', ['postmap'], async () => {
    const folder = await temporaryFolder();
    for (const list of hundredLists()) {
      const table = join(folder, list.name);
      await writeFile(table, renderText('postfix-cidr', [list], { action: '550 5.7.1 Not here' }));
      const wrong = await wrongAnswers(list, [4, 6], async (addresses) => {
        const input = addresses.map((address) => `${address}\n`).join('');
        const { stdout, stderr } = await run('postmap', ['-q', '-', `cidr:${table}`], { input });
        expect(stderr).toBe('');
        const found = new Set(
          stdout.split('\n').map((line) => line.replace(/\t550 5.7.1 Not here$/, '')),
        );
        return addresses.map((address) => found.has(address));
      });
      expect(wrong).toEqual([]);
    }
  });
});

const CF = 'usr/share/sendmail/cf/';
const BINARIES = ['usr/libexec/sendmail/sendmail', 'usr/lib/sm.bin/sendmail'];

/** A sendmail with its m4 sources: the machine's, or what makemap was unpacked with. */
function findSendmail() {
  const cache = join(dirname(findProgram('makemap') ?? '/'), '..', 'packages', 'sendmail');
  for (const tree of ['/', cache]) {
    const binary = BINARIES.map((path) => join(tree, path)).find(existsSync);
    const m4 = findProgram('m4') ?? join(tree, 'usr/bin/m4');
    if (binary !== undefined && [join(tree, CF, 'm4/cf.m4'), m4].every(existsSync)) {
      const folders = readdirSync(join(tree, 'usr/lib')).filter((name) => name.includes('-linux-'));
      const libraries = folders.map((name) => join(tree, 'usr/lib', name)).join(':');
      return { binary, m4, cf: join(tree, CF), libraries };
    }
  }
  return undefined;
}

/** A configuration with an access map, in which `check_relay` can be asked in test mode. */
const mcText = (cf: string, folder: string) => `
include(\`${cf}m4/cf.m4')dnl
OSTYPE(\`linux')dnl
define(\`confDOMAIN_NAME', \`test.example')dnl
define(\`confDONT_BLAME_SENDMAIL', \`MapInUnsafeDirPath,GroupWritableDirPathSafe')dnl
FEATURE(\`access_db', \`hash -T<TMPF> ${folder}/access')dnl
MAILER(\`local')dnl
LOCAL_RULESETS
STranslate
R$* $$| $*\t$: $1 $| $2
`;

/**
 * A function that gives sendmail's test mode (`-bt`) its input. It runs a copy: with the
 * set-group-id bit of the original, LD_LIBRARY_PATH would not count.
 */
async function sendmailIn(folder: string, { binary, m4, cf, libraries }: Sendmail) {
  const copy = join(folder, 'sendmail');
  await copyFile(binary, copy);
  await writeFile(join(folder, 'test.mc'), mcText(cf, folder));
  const made = await run(m4, [`-D_CF_DIR_=${cf}`, join(folder, 'test.mc')]);
  expect(made.code, made.stderr).toBe(0);
  await writeFile(join(folder, 'test.cf'), made.stdout);
  // a host name with a dot, and no network: it would wait a minute for a better name
  const script = 'hostname test.example && exec "$0" -C "$1" -bt';
  return (input: string) =>
    run('unshare', ['--uts', '--net', 'sh', '-c', script, copy, join(folder, 'test.cf')], {
      input,
      env: { LD_LIBRARY_PATH: libraries },
    });
}

type Sendmail = NonNullable<ReturnType<typeof findSendmail>>;

/** It warns of the temporary folder; everything else that it says is about the text. */
function expectMade({ code, stderr }: RunResult): void {
  expect(code).toBe(0);
  expect(stderr.replaceAll(/^WARNING: World writable directory .*\n/gm, '')).toBe('');
}

describe('sendmail-access, asked through sendmail', () => {
  const found = findSendmail();
  const needs = ['makemap', 'namespace', ...(found === undefined ? ['sendmail-cf'] : [])];

  systemTest('check_relay refuses the hundred ranges exactly', needs, async () => {
    for (const list of hundredLists()) {
      const folder = await temporaryFolder();
      const input = renderText('sendmail-access', [list]);
      const made = await run('makemap', ['hash', join(folder, 'access')], { input });
      expectMade(made);
      const sendmail = await sendmailIn(folder, found as Sendmail);
      const wrong = await wrongAnswers(list, [4, 6], async (addresses) => {
        const questions = addresses.map((one) => (one.includes(':') ? `IPv6:${one}` : one));
        const { stdout } = await sendmail(
          questions.map((one) => `Translate,check_relay host.example $| ${one}\n`).join(''),
        );
        const results = [...stdout.matchAll(/^check_relay +returns: (.*)$/gm)];
        return results.map((match) => (match[1] as string).includes('550 Access denied'));
      });
      expect(wrong).toEqual([]);
    }
  });
});

describe('sendmail-access, read back from makemap', () => {
  systemTest(
    'has keys that lose octets or groups as sendmail takes them',
    ['makemap'],
    async () => {
      const folder = await temporaryFolder();
      for (const list of hundredLists()) {
        const map = join(folder, list.name);
        const input = renderText('sendmail-access', [list]);
        expectMade(await run('makemap', ['hash', map], { input }));
        const { stdout } = await run('makemap', ['-u', 'hash', map]);
        const keys = new Set(stdout.split('\n').map((line) => line.split('\t')[0]));
        const wrong = await wrongAnswers(list, [4, 6], (addresses) =>
          Promise.resolve(addresses.map((address) => lookUpAddress(keys, address))),
        );
        expect(wrong).toEqual([]);
      }
    },
  );
});

/** Ruleset LookUpAddress: the whole address, then again and again without its last part. */
function lookUpAddress(keys: ReadonlySet<string | undefined>, address: string): boolean {
  let key = address.includes(':') ? `connect:ipv6:${address}` : `connect:${address}`;
  for (;;) {
    if (keys.has(key)) return true;
    const shorter = key.replace(/[:.][^:.]*$/, '');
    if (shorter === 'connect') return false;
    key = shorter;
  }
}

/** Prints the verdict of each address on standard input; it goes in as tcpserver hands it on. */
const ASK_TCPRULES = `
while read -r address; do
  printf '%s %s\\n' "$address" "$(TCPREMOTEIP=$address tcprulescheck "$0" | tr '\\n' ' ')"
done`;

describe('tcprules, asked through tcprulescheck', () => {
  systemTest('lists the hundred ranges exactly', ['tcprules', 'tcprulescheck'], async () => {
    for (const list of hundredLists()) {
      const cwd = await temporaryFolder();
      const input = renderText('tcprules', [list], { families: [4] });
      const made = await run('tcprules', ['rules.cdb', 'rules.tmp'], { cwd, input });
      expect(made).toMatchObject({ code: 0, stderr: '' });
      const wrong = await wrongAnswers(list, [4], async (addresses) => {
        const { stdout } = await run('sh', ['-c', ASK_TCPRULES, 'rules.cdb'], {
          cwd,
          input: addresses.map((address) => `${address}\n`).join(''),
        });
        return stdout
          .trimEnd()
          .split('\n')
          .map((line) => /^\S+ rule \S+ deny connection $/.test(line));
      });
      expect(wrong).toEqual([]);
    }
  });

  systemTest('takes instructions with a variable', ['tcprules', 'tcprulescheck'], async () => {
    const cwd = await temporaryFolder();
    const action = 'allow,RBLSMTPD="-Not here, sorry"';
    const input = renderText('tcprules', hundredLists().slice(0, 1), { families: [4], action });
    await run('tcprules', ['rules.cdb', 'rules.tmp'], { cwd, input });
    const { stdout } = await run('tcprulescheck', ['rules.cdb'], {
      cwd,
      env: { TCPREMOTEIP: '255.255.255.255' },
    });
    expect(stdout).toContain('set environment variable RBLSMTPD=-Not here, sorry\nallow');
  });
});
