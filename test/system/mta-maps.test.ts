import { chmodSync, rmSync, statSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { CLIENTS } from '../helpers/mail-lists.js';
import { Namespace } from '../helpers/namespace.js';
import { POSTFIX_NEEDS, Postfix } from '../helpers/postfix.js';
import { systemTest } from '../helpers/programs.js';
import { type RunResult, run } from '../helpers/run.js';
import { sekisho } from '../helpers/sekisho.js';
import { SENDMAIL_NEEDS, Sendmail } from '../helpers/sendmail.js';
import { SmtpClient } from '../helpers/smtp.js';

const LISTS = `
state: state
sources: { csv: [countries.csv] }
lists:
  spammers: { file: spammers.txt }
  later: { file: later.txt, action: tempfail }
  trusted: { file: trusted.txt }
mta:
  texts: { reject: 'Not from you [$address]' }
`;

const FILES = {
  'countries.csv': '203.0.113.0,203.0.113.255,KR\n',
  'spammers.txt': '203.0.113.7\n198.51.100.66\n2001:db8:bad::/48\n',
  'later.txt': '203.0.113.8\n2001:db8:1a7e::/48\n',
  'trusted.txt': '198.51.100.66\n',
};

/** A folder with lists, and what `update` is to make of them. */
async function folderWith(maps: string): Promise<string> {
  const folder = await temporaryFolder();
  const files = { ...FILES, 'sekisho.yaml': `${LISTS}  maps:\n${maps}` };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const NAMES = 'lists: [spammers, later], approved: [trusted]';

function update(cwd: string, env: Record<string, string> = {}): Promise<RunResult> {
  return sekisho(['update', '--from', 'countries.csv'], { cwd, env });
}

async function replies(client: SmtpClient): Promise<Record<string, string>> {
  const { rejected, deferred, approved, unlisted, rejected6, deferred6 } = CLIENTS;
  const asked = { rejected, deferred, approved, unlisted, rejected6, deferred6 };
  const said = Object.entries(asked).map(async ([name, from]) => [
    name,
    (await client.recipientReply({ from, recipients: ['user@test.example'] })).slice(0, 3),
  ]);
  const postmaster = { from: rejected, recipients: ['postmaster@test.example'] };
  const exempt = (await client.recipientReply(postmaster)).slice(0, 3);
  return { ...(Object.fromEntries(await Promise.all(said)) as Record<string, string>), exempt };
}

const EXPECTED = {
  ...{ rejected: '550', deferred: '450', approved: '250', unlisted: '250' },
  ...{ rejected6: '550', deferred6: '450', exempt: '250' },
};

describe('maps instead of zones', () => {
  systemTest('Postfix, with what mta print --maps writes', POSTFIX_NEEDS, async () => {
    const folder = await folderWith(
      `    - { kind: postfix-cidr, file: maps/sekisho-clients.cidr, ${NAMES} }\n`,
    );
    const words = [
      'mta',
      'print',
      'postfix',
      '--maps',
      'maps',
      '--out',
      'out',
      '--from',
      'countries.csv',
    ];
    expect(await sekisho(words, { cwd: folder })).toMatchObject({ code: 0, stdout: '' });
    const piece = (name: string): string => readFileSync(join(folder, 'out', name), 'utf8');
    const network = await Namespace.create();
    await network.addAddresses(Object.values(CLIENTS));
    await Postfix.start(network, {
      main: piece('sekisho-main.cf'),
      files: { 'sekisho-exempt': piece('sekisho-exempt') },
    });
    const client = await SmtpClient.start(network);
    expect(await replies(client)).toEqual(EXPECTED);
    expect(await client.recipientReply({ from: CLIENTS.rejected6 })).toMatch(
      /^550 5\.7\.1 .*2001:db8:bad::7.*Not from you/,
    );
  });

  systemTest('sendmail, IPv6 too, beside lines of one’s own', SENDMAIL_NEEDS, async () => {
    const folder = await folderWith(
      `    - { kind: sendmail-access, file: access, own: own, ${NAMES} }\n`,
    );
    writeFileSync(join(folder, 'own'), 'Connect:203.0.113.8\tOK\n');
    expect(await update(folder)).toMatchObject({ code: 0 });
    const words = ['mta', 'print', 'sendmail', '--maps', folder];
    const { stdout } = await sekisho([...words, '--from', 'countries.csv'], { cwd: folder });
    expect(stdout).toContain(`hash -T<TMPF> ${folder}/sekisho-access`);
    const network = await Namespace.create();
    await network.addAddresses(Object.values(CLIENTS));
    await Sendmail.start(network, {
      mc: "FEATURE(`delay_checks', `friend')dnl\n",
      access: readFileSync(join(folder, 'access'), 'utf8').replace(
        /^Connect:203\.0\.113\.8\tERROR.*\n/m,
        '',
      ),
    });
    const said = await replies(await SmtpClient.start(network));
    expect(said).toEqual({ ...EXPECTED, deferred: '250' });
    const map = await run('makemap', ['-u', 'hash', join(folder, 'access')]);
    expect(map.stdout).toContain('connect:203.0.113.8\tOK');
    expect(map.stdout).toContain('connect:ipv6:2001:db8:bad\tERROR:5.7.1:"550 Not from you"');
  });
});

describe('update keeps maps', () => {
  const needs = ['tcprules', 'tcprulescheck', 'makemap', 'postmap'];

  systemTest('makes, leaves alone, makes anew, and tells the server', needs, async () => {
    const folder = await folderWith(
      `    - { kind: tcprules, file: smtp, ${NAMES} }
    - { kind: postfix-cidr, file: clients.cidr, ${NAMES}, then: [touch, told] }\n`,
    );
    const first = await update(folder);
    expect(first, first.stderr).toMatchObject({ code: 0 });
    const verdict = async (TCPREMOTEIP: string): Promise<string> =>
      (await run('tcprulescheck', ['smtp.cdb'], { cwd: folder, env: { TCPREMOTEIP } })).stdout;
    expect(await verdict('203.0.113.7')).toContain('RBLSMTPD=-Not from you');
    expect(await verdict('203.0.113.8')).toContain('RBLSMTPD=Client is deferred');
    expect(await verdict('198.51.100.66')).toMatch(/RBLSMTPD=\n/);
    expect(await verdict('192.0.2.10')).toMatch(/RBLSMTPD=\n/);
    expect(readFileSync(join(folder, 'clients.cidr'), 'utf8')).toContain('198.51.100.66/32\tOK\n');
    expect(existsSync(join(folder, 'told'))).toBe(true);

    writeFileSync(join(folder, 'spammers.txt'), '192.0.2.10\n');
    expect(await update(folder)).toMatchObject({ code: 0 });
    expect(await verdict('192.0.2.10')).toContain('RBLSMTPD=-Not from you');
    expect(await verdict('203.0.113.7')).toMatch(/RBLSMTPD=\n/);
  });

  systemTest(
    'tells the server again after it could not be told; owner and mode stay',
    ['postmap'],
    async () => {
      const folder = await folderWith(
        `    - { kind: postfix-cidr, file: clients.cidr, ${NAMES}, then: [./tell] }\n`,
      );
      const map = join(folder, 'clients.cidr');
      const tell = (text: string): void => {
        writeFileSync(join(folder, 'tell'), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
      };
      tell('echo no >&2; exit 7');
      const absolute = readFileSync(join(folder, 'sekisho.yaml'), 'utf8').replace(
        './tell',
        join(folder, 'tell'),
      );
      writeFileSync(join(folder, 'sekisho.yaml'), absolute);
      expect(await update(folder)).toMatchObject({ code: 3 });
      chmodSync(map, 0o640);
      tell(`touch ${join(folder, 'told')}`);
      expect(await update(folder)).toMatchObject({ code: 0 });
      expect(existsSync(join(folder, 'told'))).toBe(true);
      rmSync(join(folder, 'told'));
      expect(await update(folder)).toMatchObject({ code: 0 });
      expect(existsSync(join(folder, 'told'))).toBe(false);
      writeFileSync(join(folder, 'spammers.txt'), '192.0.2.10\n');
      expect(await update(folder)).toMatchObject({ code: 0 });
      expect(statSync(map).mode & 0o777).toBe(0o640);
    },
  );

  systemTest('keeps the old map where its program fails, exit code 3', needs, async () => {
    const folder = await folderWith(
      `    - { kind: sendmail-access, file: access, own: own, ${NAMES} }
    - { kind: tcprules, file: smtp, ${NAMES} }\n`,
    );
    writeFileSync(join(folder, 'own'), 'Connect:192.0.2.1\tOK\n');
    expect(await update(folder)).toMatchObject({ code: 0 });
    const before = ['access', 'access.db', 'smtp.cdb'].map((name) =>
      readFileSync(join(folder, name)),
    );

    // makemap stops at a line that is no key and value
    writeFileSync(join(folder, 'own'), 'nonsense\n');
    writeFileSync(join(folder, 'spammers.txt'), '192.0.2.10\n');
    const { code, stderr } = await update(folder);
    expect(code).toBe(3);
    expect(stderr).toMatch(/access stays as it was: makemap does not take it/);
    const after = ['access', 'access.db', 'smtp.cdb'].map((name) =>
      readFileSync(join(folder, name)),
    );
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(after[2]).not.toEqual(before[2]);
    expect(existsSync(join(folder, 'access.new'))).toBe(false);
  });

  systemTest('keeps the old map where its program is missing', needs, async () => {
    const folder = await folderWith(`    - { kind: tcprules, file: smtp, ${NAMES} }\n`);
    expect(await update(folder)).toMatchObject({ code: 0 });
    const before = readFileSync(join(folder, 'smtp.cdb'));
    writeFileSync(join(folder, 'spammers.txt'), '192.0.2.10\n');
    const { code, stderr } = await update(folder, { PATH: '/nowhere' });
    expect(code).toBe(3);
    expect(stderr).toMatch(/smtp stays as it was: the program tcprules was not found/);
    expect(readFileSync(join(folder, 'smtp.cdb'))).toEqual(before);
  });
});

describe('a map that cannot be meant', () => {
  systemTest('is refused before anything is fetched', [], async () => {
    const folder = await folderWith('    - { kind: tcprules, file: smtp, lists: [nobody] }\n');
    const { code, stderr } = await update(folder);
    expect(code).toBe(2);
    expect(stderr).toMatch(/mta\.maps\.0\.lists\.0: found "nobody"; expected one of the lists/);
  });
});
