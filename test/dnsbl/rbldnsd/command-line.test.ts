import { describe, expect, test } from 'vitest';

import { type RbldnsdSettings, parseCommandLine } from '../../../src/dnsbl/rbldnsd/command-line.js';
import { formatName } from '../../../src/dnsbl/wire/name.js';

function parse(...argv: string[]): RbldnsdSettings {
  const settings = parseCommandLine(argv);
  if (settings === 'help') throw new Error('help');
  return settings;
}

const ZONE = 'bl.test:ip4set:file';

describe('options', () => {
  test('all of them', () => {
    const settings = parse(
      ...['-nqfeCa', '-b', '127.0.0.1/5300', '-b::1', '-4', '-c', '2m', '-t', '30:10:1h'],
      ...[
        '-u',
        'user:group',
        '-r',
        '/root',
        '-w',
        'zones',
        '-p',
        'pid',
        '-l',
        '+-',
        '-s',
        '+stats',
      ],
      ...['-v', '-v', '-F', 'mail', ZONE],
    );
    expect(settings).toMatchObject({
      mode: 'serve',
      bind: [
        { host: '127.0.0.1', port: '5300' },
        { host: '::1', port: 'domain' },
      ],
      family: 4,
      foreground: true,
      forkOnReload: true,
      quickStart: true,
      checkIntervalSeconds: 120,
      user: 'user',
      group: 'group',
      root: '/root',
      workingFolder: 'zones',
      pidFile: 'pid',
      log: { isUnbuffered: true },
      statistics: { path: 'stats', isRelative: true },
      version: 'refuse',
      authoritySection: false,
      facility: 'mail',
    });
    expect(settings.load.settings).toEqual({
      acceptHostBits: true,
      decompress: false,
      defaultTtlSeconds: 30,
      minimumTtlSeconds: 10,
      maximumTtlSeconds: 3600,
    });
  });

  test("rbldnsd's defaults; options may follow the zones, and the last of two counts", () => {
    const settings = parse(ZONE, '-b', '127.0.0.1/', '-a', '-A', '-l', 'log');
    expect(settings).toMatchObject({
      checkIntervalSeconds: 60,
      foreground: false,
      version: 'full',
      authoritySection: true,
      log: { path: 'log', isUnbuffered: false },
    });
    expect(settings.load.settings).toMatchObject({ defaultTtlSeconds: 2100, decompress: true });
    expect(parse('-d', '-t', '::2h', ZONE).load.settings.maximumTtlSeconds).toBe(7200);
    expect(parseCommandLine(['-b', 'x', '-h'])).toBe('help');
  });

  test.each<[argv: string[], message: RegExp]>([
    [['-b', 'x'], /no zone was named/],
    [[ZONE], /no address to listen on/],
    [['-b', '/53', ZONE], /expected an address before the port/],
    [['-Z', ZONE], /option -Z is not known/],
    [['--help', ZONE], /option -- is not known/],
    [[ZONE, '-b'], /option -b needs a value/],
    [['-d', '-c', '1x', ZONE], /-c 1x: expected a time/],
    [['-d', '-t', '0', ZONE], /-t 0/],
    [['-d', '-t', '10:20', ZONE], /the default 10 s must lie between/],
    [['-d', '-t', '1:2:3:4', ZONE], /-t 1:2:3:4/],
    [['-d', '-F', 'x', ZONE], /-F x: expected one of auth/],
    [['-d', '-x', 'ext.so', ZONE], /extensions of rbldnsd/],
    [['-d', 'bl.test'], /expected zone:type:file/],
    [['-d', 'bl.test:ip4set'], /expected zone:type:file/],
    [['-d', 'bl.test:ip4set:,'], /expected a file/],
    [['-d', 'bl.test:ip5set:x'], /dataset type ip5set is not known/],
    [['-d', ':ip4set:x'], /expected a zone before the colon/],
    [['-d', ZONE, ':acl:x', ':acl:y'], /second acl for all zones/],
    [['-d', ZONE, 'bl.test:acl:x', 'bl.test:acl:y'], /second acl for the zone bl.test/],
    [['-d', 'bl.test:acl:x'], /no dataset with entries/],
    [Array.from({ length: 21 }, () => '-bx').concat(ZONE), /20 at most/],
  ])('%j', (argv, message) => {
    expect(() => parseCommandLine(argv)).toThrow(message);
  });
});

test('words of one zone are one zone; an acl may be global', () => {
  const { load } = parse(
    ...['-d', 'a.b.test:ip4set:one,two:three', 'B.test.:dnset:x', 'A.B.test:generic:y'],
    ...['b.test:acl:z', ':acl:all'],
  );
  expect(load.zones.map(({ name }) => formatName(name))).toEqual(['a.b.test', 'b.test']);
  expect(load.zones[0]?.datasets).toEqual([
    { type: 'ip4set', files: ['one', 'two', 'three'] },
    { type: 'generic', files: ['y'] },
  ]);
  expect(load.zones[1]?.acl).toEqual({ type: 'acl', files: ['z'] });
  expect(load.globalAcl).toEqual({ type: 'acl', files: ['all'] });
});
