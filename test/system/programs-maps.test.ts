import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { temporaryFolder } from '../helpers/cleanup.js';
import { systemTest } from '../helpers/programs.js';
import { run } from '../helpers/run.js';

describe('programs that make and read files', () => {
  systemTest('iprange merges two neighbours', ['iprange'], async () => {
    const { stdout } = await run('iprange', [], { input: '192.0.2.0/25\n192.0.2.128/25\n' });
    expect(stdout.trim()).toBe('192.0.2.0/24');
  });

  systemTest('mmdblookup starts', ['mmdblookup'], async () => {
    const { stdout, stderr } = await run('mmdblookup', ['--version']);
    expect(stdout + stderr).toMatch(/mmdblookup version \d/);
  });

  systemTest('postmap asks a cidr table', ['postmap'], async () => {
    const folder = await temporaryFolder();
    const table = join(folder, 'clients.cidr');
    await writeFile(table, '192.0.2.0/24 REJECT home\n2001:db8::/32 REJECT home6\n');
    // The two users that a postfix package would have made need not exist here.
    const settings = join(folder, 'main.cf');
    await writeFile(settings, 'mail_owner = daemon\nsetgid_group = mail\n');
    // Postfix waits a second or two for a main.cf that may still be being written.
    await utimes(settings, 0, 0);

    for (const options of [[], ['-c', folder]]) {
      const ask = (address: string) => run('postmap', [...options, '-q', address, `cidr:${table}`]);
      expect(await ask('192.0.2.1')).toMatchObject({ code: 0, stdout: 'REJECT home\n' });
      expect(await ask('2001:db8::1')).toMatchObject({ code: 0, stdout: 'REJECT home6\n' });
      expect(await ask('198.51.100.1')).toMatchObject({ code: 1, stdout: '' });
    }
  });

  for (const type of ['hash', 'btree']) {
    systemTest(`makemap writes a ${type} map and reads it back`, ['makemap'], async () => {
      const map = join(await temporaryFolder(), 'access');
      const input = 'Connect:192.0.2\tREJECT\n';

      expect(await run('makemap', [type, map], { input })).toMatchObject({ code: 0 });
      // Keys come back in lower case: so it stores them, and so sendmail asks.
      const { stdout } = await run('makemap', ['-u', type, map]);
      expect(stdout).toBe('connect:192.0.2\tREJECT\n');
    });
  }

  systemTest('tcprulescheck asks what tcprules wrote', ['tcprules', 'tcprulescheck'], async () => {
    const cwd = await temporaryFolder();
    // The address goes in as tcpserver hands it on, not as an argument.
    const ask = async (TCPREMOTEIP: string) => {
      return (await run('tcprulescheck', ['rules.cdb'], { cwd, env: { TCPREMOTEIP } })).stdout;
    };
    const input = '192.0.2.:deny\n:allow,RBLSMTPD="home"\n';

    const made = await run('tcprules', ['rules.cdb', 'rules.tmp'], { cwd, input });
    expect(made).toMatchObject({ code: 0 });
    expect(await ask('192.0.2.1')).toBe('rule 192.0.2.:\ndeny connection\n');
    expect(await ask('198.51.100.1')).toContain('set environment variable RBLSMTPD=home');
  });
});
