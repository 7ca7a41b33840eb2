import type { Seeded } from './seeded.js';

/*
 * Random files for rbldnsd, of every type of dataset, and names to ask for. All is taken from a
 * small world, so that entries meet, nest, repeat and exclude each other all the time.
 */

const OCTETS = [0, 1, 2, 3, 63, 64, 127, 128, 254, 255];
const FIRST_OCTETS = [1, 10, 127, 128, 255];
const WORDS = ['0', '1', '7f', '8000', 'ffff', 'fffe', 'abcd', '2001', 'db8'];
const FIRST_WORDS = ['2001', '2002', 'fe80', '0'];
const LABELS = ['a', 'b', 'mail', 'www', 'x-1', '10', '2', 'Ünï', '*', 'a\\.b'];

export type SetType =
  'ip4set' | 'ip4trie' | 'ip4tset' | 'ip6trie' | 'ip6tset' | 'dnset' | 'generic';
export const SET_TYPES: readonly SetType[] = [
  'ip4set',
  'ip4trie',
  'ip4tset',
  'ip6trie',
  'ip6tset',
  'dnset',
  'generic',
];

export function randomOctets(random: Seeded): number[] {
  return [
    random.pick(FIRST_OCTETS),
    random.pick(OCTETS.slice(0, 4)),
    random.pick(OCTETS),
    random.pick(OCTETS),
  ];
}

export function randomWords(random: Seeded): string[] {
  return [
    random.pick(FIRST_WORDS),
    random.pick(WORDS.slice(0, 2)),
    random.pick(WORDS.slice(0, 3)),
    random.pick(WORDS),
    ...Array.from({ length: 3 }, () => random.pick(WORDS.slice(0, 2))),
    random.pick(WORDS),
  ];
}

export function randomName(random: Seeded): string {
  return Array.from({ length: 1 + random.integer(3) }, () => random.pick(LABELS)).join('.');
}

/** The text of one file. */
export function randomFile(random: Seeded, type: SetType | 'combined'): string {
  const lines = random.some(2, () => randomSpecial(random));
  if (random.chance(0.7)) lines.push('$SOA 1h ns.example. Admin.Example. 0 1h 30m 1w 5m');
  if (random.chance(0.6)) lines.push('$NS 1d ns1.Example.net -ns3.example.net ns2.example.net');
  if (type !== 'combined') return [...lines, ...randomLines(random, type), ''].join('\n');
  for (let parts = 1 + random.integer(4); parts > 0; parts--) {
    const part = random.pick(SET_TYPES);
    const subzones = random.some(3, () =>
      random.pick(['@', 'one', 'two', 'deep.one', 'b', '10', 'ONE']),
    );
    lines.push(`$DATASET ${part}:name ${subzones.join(' ')} # comment`);
    lines.push(...randomLines(random, part, 12));
  }
  return [...lines, ''].join('\n');
}

function randomLines(random: Seeded, type: SetType, most = 40): string[] {
  return random.some(most, () => {
    if (random.chance(0.06)) return randomSpecial(random);
    if (random.chance(0.04)) return random.pick(['# comment', '; comment', '', ' \t ']);
    if (random.chance(0.05) && type !== 'generic') return ` ${randomDefault(random)}`;
    const indent = random.chance(0.1) ? ' \t' : '';
    return `${indent}${randomEntry(random, type)}${random.chance(0.05) ? ' \t' : ''}`;
  });
}

function randomSpecial(random: Seeded): string {
  const sign = random.pick(['$', '#$', ';$', ':$']);
  return (
    sign +
    random.pick([
      'TTL 100',
      'ttl 2h',
      'TTL 0',
      '1 variable one',
      '2   two $ words',
      '= Listed: $= ($) $1',
      '9',
      'MAXRANGE4 /8',
      'maxrange4 300',
      'TIMESTAMP 2005:03:04',
      'TIMESTAMP 20050304 2037-01-01',
      'TIMESTAMP 0 -',
      'UNKNOWN x',
    ])
  );
}

function randomDefault(random: Seeded): string {
  return random.pick([
    ':3',
    ':4:',
    ':5:Default text for $',
    ':127.0.0.6: see $1/$ and $2',
    ':1.7:short',
    ':0:bad',
    ':x',
    ':8:=own $=',
  ]);
}

function randomValue(random: Seeded): string {
  return random.pick([
    '',
    '',
    '',
    ' # comment',
    ' ; comment',
    ' :2',
    ':9',
    ' :10:',
    ' :11:Text of $',
    ':12: \t spaced',
    ' :127.0.0.13:$$ $1 $2 $3 $= $',
    ' :1.2:two octets',
    ' :1.2.3 : three octets',
    ' plain text $',
    ' =own text $= $',
    ` ${'long '.repeat(60)}`,
    ` :14:${'$ '.repeat(40)}`,
    ' :0:bad',
    ' :300:bad',
    ' :15 no colon',
  ]);
}

function randomEntry(random: Seeded, type: SetType): string {
  switch (type) {
    case 'ip4set':
      return randomNegation(random) + randomRange4(random) + randomValue(random);
    case 'ip4trie':
      return randomNegation(random) + randomPrefix4(random) + randomValue(random);
    case 'ip4tset':
      return (
        (random.chance(0.9) ? randomOctets(random).join('.') : randomRange4(random)) +
        random.pick(['', ' ignored', ':9'])
      );
    case 'ip6trie':
      return randomNegation(random) + randomPrefix6(random) + randomValue(random);
    case 'ip6tset':
      return random.chance(0.7)
        ? randomWords(random).slice(0, 4).join(':')
        : random.chance(0.9)
          ? `!${randomAddress6(random)}`
          : randomPrefix6(random);
    case 'dnset':
      return (
        randomNegation(random) +
        random.pick(['', '', '.', '*.']) +
        randomName(random) +
        randomValue(random).replace(/^(?=[^ ])/, ' ')
      );
    case 'generic':
      return randomRecord(random);
  }
}

function randomNegation(random: Seeded): string {
  return random.chance(0.15) ? random.pick(['!', '! ']) : '';
}

function randomRange4(random: Seeded): string {
  const octets = randomOctets(random);
  const other = randomOctets(random);
  const count = 1 + random.integer(4);
  const some = octets.slice(0, count).join('.');
  return random.pick([
    octets.join('.'),
    octets.join('.'),
    some,
    randomPrefix4(random),
    randomPrefix4(random),
    `${some}-${random.pick(OCTETS)}`,
    `${octets.join('.')}-${[octets[0], octets[1], ...other.slice(2)].join('.')}`,
    `${some}-${[octets[0], ...other.slice(1, count)].slice(0, count).join('.')}`,
    `${octets.slice(0, 3).join('.')}.0${octets[3] as number}`,
    'not an address',
    '1.2.3.4x',
    '256.1.1.1',
  ]);
}

function randomPrefix4(random: Seeded): string {
  const bits = random.pick([1, 4, 7, 8, 9, 12, 15, 16, 17, 20, 23, 24, 25, 28, 31, 32]);
  const octets = randomOctets(random);
  if (random.chance(0.2)) return `${octets.join('.')}/${bits}`;
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const base = address - (address % 2 ** (32 - bits));
  const kept = random.chance(0.3) ? Math.max(1, Math.ceil(bits / 8)) : 4;
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256);
  return `${parts.slice(0, kept).join('.')}/${bits}`;
}

export function randomAddress6(random: Seeded): string {
  const words = randomWords(random);
  if (random.chance(0.1)) return `::ffff:${random.pick(['a01', '7f00'])}:${random.pick(WORDS)}`;
  return random.chance(0.3)
    ? `${words.slice(0, 3).join(':')}::${words[7] as string}`
    : words.join(':');
}

function randomPrefix6(random: Seeded): string {
  const bits = 16 * (1 + random.integer(8));
  return random.pick([
    randomAddress6(random),
    `${randomWords(random)
      .slice(0, bits / 16)
      .join(':')}/${bits}`,
    randomWords(random).slice(0, 4).join(':'),
    `${random.pick(FIRST_WORDS)}::/${random.pick([3, 7, 15, 16, 17, 20, 64, 127])}`,
    `${randomAddress6(random)}/128`,
    'nothing',
    '2001:::2',
    '1:2:3:4:5:6:7:8:9',
    '::fffff',
  ]);
}

function randomRecord(random: Seeded): string {
  const owner = random.chance(0.3) ? '@' : randomName(random);
  const ttl = random.pick(['', '', ' 300', ' 1h', ' 0']);
  const data = random.pick([
    'A 192.0.2.1',
    'a 192.0.2.2 ignored',
    'IN A 127.1',
    'A 5',
    'TXT "quoted $ text"',
    'TXT plain text $',
    'txt ""',
    `TXT ${'x'.repeat(300)}`,
    'MX 10 Mail.example.net',
    'in mx 0 .',
    'MX 70000 mail.example.net',
    'AAAA ::1',
    'A nothing',
    'TXT',
  ]);
  return `${owner}${ttl} ${data}`;
}

/** A question's name within the zone, as labels; empty for the zone itself. */
export function randomQuestion(random: Seeded): string[] {
  const sub = random.chance(0.25) ? random.pick([['one'], ['two'], ['deep', 'one'], ['b']]) : [];
  const kind = random.below(1);
  if (kind < 0.04) return sub;
  if (kind < 0.5) {
    const address = randomOctets(random).reduce((sum, octet) => sum * 256 + octet, 0);
    const near = (address + random.pick([0, 0, 0, 1, -1, 255, -256]) + 2 ** 32) % 2 ** 32;
    const octets = [0, 8, 16, 24].map((shift) => String(Math.floor(near / 2 ** shift) % 256));
    if (random.chance(0.04)) return [...octets.slice(1 + random.integer(3)), ...sub];
    if (random.chance(0.01)) octets[0] = `0${octets[0] as string}`;
    return [...octets, ...sub];
  }
  if (kind < 0.75) {
    const words = random.chance(0.1)
      ? ['0', '0', '0', '0', '0', 'ffff', random.pick(['a01', '7f00']), random.pick(WORDS)]
      : random.chance(0.2)
        ? ['2002', random.pick(['a01', '7f00', '1']), random.pick(WORDS), '0', '0', '0', '0', '1']
        : randomWords(random);
    const nibbles = words.flatMap((word) => word.padStart(4, '0').split('')).reverse();
    if (random.chance(0.1)) nibbles[0] = random.pick(['0', 'f', '8']);
    if (random.chance(0.04)) return [...nibbles.slice(1 + random.integer(31)), ...sub];
    return [...nibbles, ...sub];
  }
  const labels = randomName(random).split(/(?<!\\)\./);
  return [...labels.map((label) => label.replace('\\.', '.')), ...sub];
}

/** Who asks; {@link randomAcl} speaks of them. */
export const CLIENTS = ['127.0.0.1', '127.0.0.2', '127.3.3.3', '::1'] as const;

/**
 * An acl about {@link CLIENTS} and others, without a keyword as the default before a value in part:
 * that ends rbldnsd with a segmentation fault.
 */
export function randomAcl(random: Seeded): string {
  const lines = Array.from({ length: 1 + random.integer(6) }, () => {
    const client = random.pick([
      ...CLIENTS,
      ...['127/8', '127.0.0/24', '0/0', '::1', '::/0', '::/64'],
    ]);
    const verdict = random.pick([
      '',
      ':refuse',
      '=empty',
      ':pass',
      ':ignore',
      '=ignore # silence',
      ':ref',
      ':9:always for $',
      ':10',
      ' text for $ $1',
      ':0:bad',
      '=bad',
    ]);
    return `${client} ${verdict}`;
  });
  return ['$1 variable', random.pick([':7:default of $', ':8']), ...lines, ''].join('\n');
}
