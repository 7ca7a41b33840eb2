import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { contradictedAdmins, lockedOutPeers } from '../../src/firewall/safety/lock-out.js';
import { findSessionPeers } from '../../src/firewall/safety/sessions.js';
import { formatAddress, parseAddress } from '../../src/ip/address.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { planFrom } from '../policy/helpers.js';

function addressOf(text: string) {
  const address = parseAddress(text);
  if ('expected' in address) throw new Error(text);
  return address;
}

const NO_ANCESTORS = { procFolder: '/none', parent: 1 };

/** A record of utmp(5). */
function utmpRecord(type: number, user: string, address: readonly number[]): Buffer {
  const record = Buffer.alloc(384);
  record.writeInt16LE(type, 0);
  record.write(user, 44);
  for (const [k, byte] of address.entries()) record.writeUInt8(byte, 348 + k);
  return record;
}

describe('peers of authenticated sessions', () => {
  test('are found in the environment, in logind and in utmp, each once', async () => {
    const folder = await temporaryFolder();
    const logindFolder = join(folder, 'sessions');
    await mkdir(logindFolder);
    await writeFile(join(logindFolder, '5'), 'USER=root\nREMOTE=1\nREMOTE_HOST=2001:db8::5\n');
    await writeFile(join(logindFolder, '6'), 'USER=root\nREMOTE=0\n');
    await writeFile(join(logindFolder, '7'), 'USER=eve\nREMOTE=1\nREMOTE_HOST=host.example\n');
    const utmpFile = join(folder, 'utmp');
    const ipv6 = [...Buffer.from('20010db8000000000000000000000009', 'hex')];
    const records = [
      utmpRecord(7, 'ann', [198, 51, 100, 7]),
      utmpRecord(7, 'local', []),
      utmpRecord(8, 'gone', [198, 51, 100, 8]),
      utmpRecord(7, 'bob', ipv6),
      utmpRecord(7, 'ann', [203, 0, 113, 1]),
    ];
    await writeFile(utmpFile, Buffer.concat(records));
    const environment = { SSH_CONNECTION: '203.0.113.1 50022 192.0.2.1 2222' };
    const peers = findSessionPeers({ ...NO_ANCESTORS, environment, logindFolder, utmpFile });
    expect(peers.map((peer) => [formatAddress(peer.address), peer.port])).toEqual([
      ['203.0.113.1', 2222],
      ['2001:db8::5', undefined],
      ['198.51.100.7', undefined],
      ['2001:db8::9', undefined],
    ]);
  });

  test('none on a host without any of these', () => {
    const nowhere = '/nonexistent';
    expect(
      findSessionPeers({
        ...NO_ANCESTORS,
        environment: {},
        logindFolder: nowhere,
        utmpFile: nowhere,
      }),
    ).toEqual([]);
  });

  test('IPv4 clients of a dual-stack sshd are IPv4', () => {
    const environment = { SSH_CONNECTION: '::ffff:198.51.100.7 1 ::ffff:192.0.2.1 22' };
    const [peer] = findSessionPeers({
      ...NO_ANCESTORS,
      environment,
      logindFolder: '/none',
      utmpFile: '/none',
    });
    expect(peer && formatAddress(peer.address)).toBe('198.51.100.7');
  });

  test('are found behind sudo, with the port, in the environment of an ancestor', async () => {
    const procFolder = await temporaryFolder();
    const processes: readonly (readonly [number, number, string])[] = [
      [30, 20, 'HOME=/root\0'], // sudo
      [20, 10, 'HOME=/home/ann\0SSH_CONNECTION=203.0.113.1 50022 192.0.2.1 2222\0TERM=x\0'],
      [10, 1, ''],
    ];
    for (const [pid, parent, environ] of processes) {
      await mkdir(join(procFolder, String(pid)));
      await writeFile(join(procFolder, String(pid), 'status'), `Name:\tx\nPPid:\t${parent}\n`);
      await writeFile(join(procFolder, String(pid), 'environ'), environ);
    }
    const elsewhere = { environment: {}, logindFolder: '/none', utmpFile: '/none' };
    const peers = findSessionPeers({ ...elsewhere, procFolder, parent: 30 });
    expect(peers.map((peer) => [formatAddress(peer.address), peer.port])).toEqual([
      ['203.0.113.1', 2222],
    ]);
  });
});

describe('the port of a session that logind or utmp tells of', () => {
  test.each([
    ['127.0.0.1', '127.0.0.2'],
    ['::', '127.0.0.2'], // a dual-stack sshd
    ['::1', '::1'],
  ])('listening at %s, client %s', async (host, from) => {
    const server = createServer().listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, 'connection');
    const client = connect({
      host: from === '::1' ? '::1' : '127.0.0.1',
      port,
      localAddress: from,
    });
    const [connection] = (await accepted) as [Socket];
    try {
      const folder = await temporaryFolder();
      await writeFile(join(folder, '5'), `REMOTE_HOST=${from}\nLEADER=${process.pid}\n`);
      const utmpFile = join(folder, 'utmp.ref');
      const utmp = utmpRecord(7, 'ann', [127, 0, 0, 2]);
      utmp.writeInt32LE(process.pid, 4);
      await writeFile(utmpFile, utmp);
      const elsewhere = { environment: {}, procFolder: '/proc', parent: 1, utmpFile: '/none' };
      const told = (sources: object): unknown[] =>
        findSessionPeers({ ...elsewhere, logindFolder: '/none', ...sources }).map((peer) => [
          formatAddress(peer.address),
          peer.port,
        ]);
      // both ends of ::1 are in this process, and look alike but for the port
      const ports = from === '::1' ? [port, client.localPort] : [port];
      const [found] = told({ logindFolder: folder }) as [[string, number]];
      expect(found[0]).toBe(from);
      expect(ports).toContain(found[1]);
      if (from !== '::1') expect(told({ utmpFile })).toEqual([[from, port]]);
    } finally {
      client.destroy();
      connection.destroy();
      server.close();
    }
  });
});

describe('who would lock himself out is told by rule and list', () => {
  const plan = planFrom(`{ admins: [1.11.9.9, 133.0.0.1], rules: [
    { name: ssh, tcp: [22], only: [home] }, { name: every, tcp: [2222], deny: [asia] } ] }`);
  const peer = (text: string, port?: number) => ({
    address: addressOf(text),
    port,
    source: 'a test',
  });

  test('sessions, at the port that they use', () => {
    expect(lockedOutPeers(plan, [peer('1.11.1.1'), peer('1.11.1.1', 2222)])).toEqual([
      '1.11.1.1 (a test) would be denied on port 22: rule ssh lets only home pass',
      '1.11.1.1 (a test) would be denied on port 2222: rule every denies asia',
    ]);
    expect(
      lockedOutPeers(plan, [peer('133.0.5.5'), peer('1.11.9.9'), peer('8.8.8.8', 2222)]),
    ).toEqual([]);
  });

  test('admins who stand on a denied list; an only rule is what admins are for', () => {
    expect(contradictedAdmins(plan)).toEqual([
      'admin 1.11.9.9 is in list asia, which rule every denies',
    ]);
  });
});
