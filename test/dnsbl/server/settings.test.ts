import { expect, test } from 'vitest';

import { LastGood } from '../../../src/dnsbl/server/last-good.js';
import { checkListen } from '../../../src/dnsbl/server/listen.js';
import { findAccount } from '../../../src/util/privileges.js';
import { parseName } from '../../../src/dnsbl/wire/name.js';
import { encodeSocketAddress, isWildcard } from '../../../src/linux/udp/socket-address.js';

const zone = (name: string, failed?: string) => ({
  name: parseName(name) as Uint8Array,
  answers: [],
  groups: [],
  ...(failed === undefined ? {} : { failed }),
});

test('a zone that fails goes on with what it had, as long as it is wanted', () => {
  const good = new LastGood();
  const [a, b] = [zone('a.test'), zone('b.test')];
  expect(good.apply([a, b])).toEqual({ zones: [a, b], warnings: [] });
  const failed = zone('a.test', 'gone');
  for (let k = 0; k < 2; k++) {
    const served = good.apply([failed, b]);
    expect(served.zones[0]).toBe(a);
    expect(served.warnings).toEqual(['zone a.test: gone; its old content is served']);
  }
  good.apply([b]);
  expect(good.apply([failed, b])).toEqual({
    zones: [failed, b],
    warnings: ['zone a.test: gone; SERVFAIL is served'],
  });
});

test('where to listen', () => {
  const check = (...places: [string, number][]): void => {
    checkListen(places.map(([address, port]) => ({ address, port })));
  };
  check(['127.0.0.1', 53], ['::1', 53], ['127.0.0.1', 54], ['fe80::1%lo', 53]);
  expect(() => {
    check();
  }).toThrow('no address to listen on; name at least one');
  expect(() => {
    check(['localhost', 53]);
  }).toThrow('cannot listen on localhost:53: expected an IPv4 or IPv6 address');
  expect(() => {
    check(['::1', 0]);
  }).toThrow('cannot listen on [::1]:0: expected a port from 1 to 65535');
  expect(() => {
    check(['::1', 53], ['::1', 53]);
  }).toThrow('[::1]:53 stands there twice; name it once');
});

test('addresses as the kernel has them', () => {
  const hex = (address: string): string | undefined => {
    const bytes = encodeSocketAddress(address, 5300);
    return bytes && Buffer.from(bytes).toString('hex');
  };
  expect(hex('192.0.2.1')).toBe('020014b4c00002010000000000000000');
  expect(hex('2001:db8::a:b')).toBe(
    '0a0014b4' + '00000000' + '20010db80000000000000000000a000b' + '00000000',
  );
  expect(hex('::ffff:192.0.2.1')).toBe(
    '0a0014b4' + '00000000' + '00000000000000000000ffffc0000201' + '00000000',
  );
  expect(hex('1:2:3:4:5:6:7:8')).toContain('00010002000300040005000600070008');
  expect(hex('fe80::1%7')).toBe(
    '0a0014b4' + '00000000' + 'fe800000000000000000000000000001' + '07000000',
  );
  expect(hex('fe80::1%no-such-interface')).toBeUndefined();
  expect(hex('example.net')).toBeUndefined();
  expect(['0.0.0.0', '::', '0::0'].map(isWildcard)).toEqual([true, true, true]);
  expect(['127.0.0.1', '::1'].map(isWildcard)).toEqual([false, false]);
});

test('users and groups, by name and number', async () => {
  expect(await findAccount('root')).toEqual({ name: 'root', uid: 0, gid: 0 });
  const nobody = await findAccount('nobody');
  expect(nobody).toMatchObject({ name: 'nobody', uid: expect.any(Number) });
  expect(await findAccount(String(nobody.uid))).toEqual(nobody);
  expect(await findAccount('nobody:root')).toEqual({ ...nobody, gid: 0 });
  expect(await findAccount('12345:23456')).toEqual({ name: '12345', uid: 12345, gid: 23456 });
  await expect(findAccount('no-such-user')).rejects.toThrow('there is no user no-such-user');
  await expect(findAccount('12345')).rejects.toThrow('there is no user 12345');
  await expect(findAccount('nobody:no-such-group')).rejects.toThrow('there is no group no-such');
  await expect(findAccount('-x')).rejects.toThrow('there is no user -x');
});
