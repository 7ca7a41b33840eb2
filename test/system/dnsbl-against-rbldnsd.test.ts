import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import dnsPacket from 'dns-packet';
import { describe, expect } from 'vitest';

import { Client } from '../../src/dnsbl/answer/client.js';
import { newCounters } from '../../src/dnsbl/answer/counters.js';
import { Responder } from '../../src/dnsbl/answer/responder.js';
import { compileZones } from '../../src/dnsbl/index/compile.js';
import { setClientAddress } from '../../src/dnsbl/server/client-address.js';
import type { ZoneSource } from '../../src/dnsbl/zone/zone-source.js';
import { parseCommandLine } from '../../src/dnsbl/rbldnsd/command-line.js';
import { loadZones } from '../../src/dnsbl/rbldnsd/load-zones.js';
import { formatName } from '../../src/dnsbl/wire/name.js';
import { Agent } from '../helpers/agent.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import { liesBelow } from '../helpers/lies-below.js';
import {
  CLIENTS,
  SET_TYPES,
  randomAcl,
  randomFile,
  randomQuestion,
} from '../helpers/rbldnsd-zones.js';
import { Seeded } from '../helpers/seeded.js';

/*
 * Random zones of every type of dataset, asked of rbldnsd over UDP and of our own answer
 * function, each from the same files and the same command line. SEKISHO_COMPARISONS says how
 * many questions (100,000 by default), SEKISHO_SEED where the random numbers begin.
 */

const COMPARISONS = Number(process.env['SEKISHO_COMPARISONS'] || 100_000);
const SEED = Number(process.env['SEKISHO_SEED'] || 1);
const ROUNDS = Math.max(1, Math.round(COMPARISONS / 12_500));
const ZONES = 40;
const PROBE_FROM = '127.9.9.9';
const ASKER = new URL('../helpers/dns-asker.mjs', import.meta.url).pathname;

interface Zones {
  readonly folder: string;
  readonly names: readonly string[];
  readonly specs: readonly string[];
  readonly hasAcl: (name: string) => boolean;
}

interface Question {
  readonly labels: readonly string[];
  /** Number of labels that are not the zone's. */
  readonly own: number;
  readonly zone: string;
  readonly type: number;
  readonly client: (typeof CLIENTS)[number];
  /** AA or TC is set, which a query has no use for. */
  readonly hasStrayBits: boolean;
  readonly message: Buffer;
}

interface Reply {
  readonly rcode: number;
  readonly isTruncated: boolean;
  readonly size: number;
  /** Records of the answer and of the authority section, sorted. */
  readonly answers: readonly string[];
  readonly authority: readonly string[];
}

interface Pair {
  readonly question: Question;
  readonly theirs: Reply | undefined;
  readonly ours: Reply | undefined;
  /** Over TCP; what was truncated is whole there. */
  readonly whole: Reply | undefined;
  /** Without AA and TC in the query. */
  readonly clean: Reply | undefined;
  /** Nothing is answered to this client here, not even a plain question for an address. */
  readonly isIgnored: boolean;
  /** Most bytes of a reply over UDP. */
  readonly limit: number;
  /** The question's name is a zone's. */
  readonly isApex: boolean;
  /** Something listed has a name below the question's. */
  readonly isAbove: boolean;
  /** The zone, or every zone, has an acl. */
  readonly hasAcl: boolean;
}

/** Where both replied. */
type Both = Pair & { readonly theirs: Reply; readonly ours: Reply };

const [NOERROR, NXDOMAIN, NOTIMP, REFUSED] = [0, 3, 4, 5];
const [A, SOA, NS, MX, TXT, AAAA, AXFR, ANY] = [1, 6, 2, 15, 16, 28, 252, 255];

/** Refused, by a server that is there: no zone's acl can have it ignored. */
const PROBE = { message: plainQuery({ labels: ['elsewhere.test'], zone: 'elsewhere.test' }) };

/** With a pointer as its owner. */
const ADDRESS_RECORD_BYTES = 16;
/** The longest of the random ones but those of 255 bytes. */
const SHORT_TEXT_RECORD_BYTES = 12 + 1 + 'quoted $ text'.length;

/** A text of 255 bytes, whose record confuses rbldnsd when it looks for what it has already. */
const LONG_TEXT = /^TXT \d+ .{255}$/s;

/** What the random records of generic datasets answer. */
const GENERIC =
  /^(MX |A "(192\.0\.2\.\d|127\.0\.0\.1|0\.0\.0\.5)"|TXT (quoted \$|plain text \$|x+$|$))/;

/**
 * What is meant to be different, and why. Those with `instead` say what our reply has to be for
 * theirs, all that apply, one after the other; those with `holds` explain the two that are left.
 * Each must occur in a full run, or it is out of date.
 */
const DIFFERENCES: readonly {
  readonly what: string;
  readonly why: string;
  readonly instead?: (pair: Both) => Reply | undefined;
  readonly holds?: (pair: Both) => boolean;
}[] = [
  {
    what: 'AA and TC in a query are ignored',
    why: 'RFC 1035 4.1.1: they mean something in replies only',
    instead: ({ question, theirs, clean }) =>
      question.hasStrayBits && theirs.rcode === NOTIMP ? clean : undefined,
  },
  {
    what: 'NOERROR for names with something below them',
    why: 'RFC 8020: a resolver that minimises names takes NXDOMAIN for the end (rbldnsd issue 17)',
    instead: ({ question, theirs, ours, isAbove, hasAcl }) => {
      // for a client whom an acl calls empty nothing is there; for one that it lists everything is
      const partial = question.labels.slice(0, question.own);
      const isPart = partial.some((label) => /^(\d{1,3}|[\da-f])$/i.test(label));
      const exists = hasAcl ? (isAbove || isPart) && ours.rcode === NOERROR : isAbove;
      return theirs.rcode === NXDOMAIN && exists ? { ...theirs, rcode: NOERROR } : undefined;
    },
  },
  {
    what: 'ANY at the zone needs no NS',
    why: 'one set of records is enough, and there is the SOA',
    instead: ({ question, theirs, ours, isApex }) =>
      question.type === ANY &&
      isApex &&
      theirs.rcode === REFUSED &&
      ours.answers.some((answer) => answer.startsWith('SOA'))
        ? ours
        : undefined,
  },
  {
    what: 'ANY gets the records of one type',
    why: 'RFC 8482: less to gain from forged addresses',
    instead: ({ question, theirs, ours, limit }) => {
      if (question.type !== ANY) return undefined;
      const soa = theirs.answers.filter((answer) => answer.startsWith('SOA'));
      const listed = ['A ', ...(soa.length > 0 ? [] : ['TXT ', 'MX '])]
        .map((type) => theirs.answers.filter((answer) => answer.startsWith(type)))
        .find(({ length }) => length > 0);
      const answers = [...soa, ...(listed ?? [])].sort();
      // where all types have no room, it leaves out some of this one as well
      const isFull = theirs.size + ADDRESS_RECORD_BYTES > limit;
      if (isFull && answers.every((answer) => ours.answers.includes(answer))) {
        return ours.answers.every((answer) => /^(A|SOA) /.test(answer)) ? ours : undefined;
      }
      return answers.length < theirs.answers.length ? { ...theirs, answers } : undefined;
    },
  },
  {
    what: 'an answer that is too large is cut, with TC, and whole over TCP',
    why: 'rbldnsd leaves records out in silence; here the client asks again over TCP',
    instead: ({ theirs, ours, whole, limit }) =>
      ours.isTruncated &&
      whole !== undefined &&
      whole.size > limit &&
      ours.answers.length === 0 &&
      theirs.rcode === whole.rcode &&
      isWithin(theirs, whole)
        ? ours
        : undefined,
  },
  {
    what: 'records of generic are served to clients whom an acl lists or calls empty',
    why:
      'its manual says so; rbldnsd finds their names, but loses the type among its flags and ' +
      'answers without data',
    holds: ({ theirs, ours, hasAcl }) => {
      // a record more may lower the TTL that all of its type have (RFC 2181 5.2)
      const [few, many] = [withoutTtl(theirs), withoutTtl(ours)];
      return (
        hasAcl &&
        theirs.rcode === NOERROR &&
        few.length < many.length &&
        lowestTtl(ours) <= lowestTtl(theirs) &&
        few.every((answer) => many.includes(answer) || GENERIC.test(answer)) &&
        many.every((answer) => few.includes(answer) || GENERIC.test(answer))
      );
    },
  },
  {
    what: 'IPv4-mapped addresses are looked up as IPv4 ones, also where there is no IPv4 dataset',
    why: 'no client comes from such an address; rbldnsd decides it by the types of the datasets',
    holds: ({ question, theirs, ours }) => {
      const asked = question.labels.slice(0, 32).join('');
      const theirRecords = withoutTtl(theirs);
      const isMapped = asked.endsWith(`ffff${'0'.repeat(20)}`);
      return isMapped && withoutTtl(ours).every((record) => theirRecords.includes(record));
    },
  },
  {
    what: 'names in texts are written as they are, without escapes',
    why: 'a text is for people and mail servers, not for a zone file',
    holds: ({ theirs, ours }) =>
      theirs.rcode === ours.rcode &&
      theirs.answers.length === ours.answers.length &&
      theirs.answers.every((answer) => ours.answers.some((other) => isUnescaped(answer, other))),
  },
  {
    what: 'no record twice and one TTL, also behind a text of 255 bytes',
    why: "rbldnsd takes the low byte of a record's length for all of it, and looks in wrong places",
    holds: ({ theirs, ours, limit }) => {
      const isLong = theirs.answers.some((answer) => LONG_TEXT.test(answer));
      const [few, many] = [withoutTtl(theirs), withoutTtl(ours)];
      if (!isLong || few.join('\n') === many.join('\n')) return isLong;
      // what stands there twice may have taken the room of others
      const isFull = theirs.size + SHORT_TEXT_RECORD_BYTES > limit;
      return isFull && !ours.isTruncated && few.every((answer) => many.includes(answer));
    },
  },
  {
    what: 'octets with leading zeros are no address',
    why: 'an address has one name, not several; caches and wildcards would disagree',
    holds: ({ question, theirs, ours }) => {
      const theirRecords = withoutTtl(theirs);
      return (
        question.labels.slice(0, 4).every((label) => /^\d{1,3}$/.test(label)) &&
        question.labels.slice(0, 4).some((label) => /^0\d+$/.test(label)) &&
        withoutTtl(ours).every((record) => theirRecords.includes(record))
      );
    },
  },
  {
    what: 'a transfer is refused',
    why: 'RFC 5936 2.2.1: it is known here, and not allowed; rbldnsd does not know it',
    holds: ({ question, theirs, ours }) =>
      question.type === AXFR && theirs.rcode === NOTIMP && ours.rcode === REFUSED,
  },
];

describe('rbldnsd and the answer function', () => {
  systemTest(
    `${COMPARISONS} random questions get the same answers`,
    ['rbldnsd', 'namespace'],
    async () => {
      const seen = new Map<string, number>();
      const wrong: string[] = [];
      let compared = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const random = new Seeded(SEED * 1000 + round);
        const options = random.pick([[], ['-e'], ['-t', '10m:5m:1h'], ['-e', '-t', '1h']]);
        const zones = await writeZones(random);
        const questions = Array.from({ length: Math.ceil(COMPARISONS / ROUNDS) }, () =>
          randomQuery(random, zones.names),
        );
        const pairs = await askBoth([...options, ...zones.specs], zones, questions);
        compared += pairs.length;
        for (const pair of pairs) {
          const verdict = judge(pair);
          if (!verdict) wrong.push(`seed ${SEED}, round ${round}: ${tell(pair)}`);
          for (const what of verdict ?? []) seen.set(what, (seen.get(what) ?? 0) + 1);
        }
        if (wrong.length > 0) break;
      }
      expect(wrong.slice(0, 10)).toEqual([]);
      expect(compared).toBeGreaterThan(COMPARISONS * 0.9);
      if (COMPARISONS >= 100_000) {
        expect([...seen.keys()].sort()).toEqual(DIFFERENCES.map(({ what }) => what).sort());
      }
    },
    600_000,
  );
});

/** Zones of one to three datasets each, in files, with their words of the command line. */
async function writeZones(random: Seeded): Promise<Zones> {
  const folder = await temporaryFolder();
  const names: string[] = [];
  const specs: string[] = [];
  const withAcl = new Set<string>();
  for (let zone = 0; zone < ZONES; zone++) {
    const name = random.chance(0.1) ? `one.zone${zone - 1}.test` : `zone${zone}.test`;
    names.push(name);
    for (let sets = random.pick([1, 1, 1, 2, 3]); sets > 0; sets--) {
      const type = random.chance(0.25) ? 'combined' : random.pick(SET_TYPES);
      const files = Array.from({ length: random.pick([1, 1, 1, 2]) }, (_, k) => {
        return `${zone}-${sets}-${k}`;
      });
      for (const file of files) await writeFile(join(folder, file), randomFile(random, type));
      specs.push(`${name}:${type}:${files.join(',')}`);
    }
    if (random.chance(0.25)) {
      await writeFile(join(folder, `${zone}-acl`), randomAcl(random));
      specs.push(`${name}:acl:${zone}-acl`);
      withAcl.add(name);
    }
  }
  const isGlobal = random.chance(0.4);
  if (isGlobal) {
    // whoever sees whether the server is up must get an answer
    await writeFile(join(folder, 'global'), `${randomAcl(random)}${PROBE_FROM} :pass\n`);
    specs.push(':acl:global');
  }
  const hasAcl = (name: string): boolean =>
    isGlobal || [...withAcl].some((zone) => `.${name}`.endsWith(`.${zone}`));
  return { folder, names, specs, hasAcl };
}

function randomQuery(random: Seeded, zones: readonly string[]): Question {
  const zone = random.chance(0.002) ? 'elsewhere.test' : random.pick(zones);
  const labels = randomQuestion(random);
  const types = [A, A, A, A, A, TXT, TXT, TXT, TXT, ANY, MX, SOA, NS, AAAA, 65];
  const type = random.chance(0.005) ? random.pick([250, AXFR, 254]) : random.pick(types);
  const klass = random.chance(0.005) ? random.pick([3, 4, 254, 255]) : 1;
  const shown = random.chance(0.1) ? labels.map(upperCase) : labels;
  const name = wireName([...shown, ...zone.split('.')]);
  const stray = random.chance(0.005) ? random.pick([2, 4, 6]) : 0;
  const opcode = random.chance(0.002) ? random.pick([1, 2, 4, 5]) : 0;
  const size = random.pick([0, 512, 513, 600, 1000, 1232, 4096, 65_535]);
  const edns = random.chance(0.3)
    ? Buffer.from([0, 0, 41, size >> 8, size & 255, 0, 0, 0, 0, 0, 0])
    : [];
  const counts = [0, 1, 0, 0, 0, 0, 0, edns.length > 0 ? 1 : 0];
  const flags = (opcode << 3) | stray | (random.chance(0.5) ? 1 : 0);
  const head = Buffer.from([0, 0, flags, 0, ...counts]);
  const tail = Buffer.from([type >> 8, type & 255, klass >> 8, klass & 255, ...edns]);
  return {
    labels: [...labels, zone],
    own: labels.length,
    zone,
    type,
    client: random.pick(CLIENTS),
    hasStrayBits: stray !== 0,
    message: Buffer.concat([head, name, tail]),
  };
}

/** DNS knows the case of ASCII letters only. */
function upperCase(label: string): string {
  return label.replace(/[a-z]/g, (letter) => letter.toUpperCase());
}

/** Our replies and rbldnsd's; zones that are refused whole on purpose are left out. */
async function askBoth(
  words: readonly string[],
  { folder, names, hasAcl }: Zones,
  questions: readonly Question[],
): Promise<Pair[]> {
  const { responder, refused, sources } = ownResponder(words, folder);
  const network = await Namespace.create();
  const asker = await Agent.start(network, ASKER);
  const listen = ['-b', '127.0.0.1/5300', '-b', '::1/5300'];
  const server = await network.start(
    'rbldnsd',
    ['-n', '-u', 'nobody', '-c', '0', ...listen, ...words],
    {
      cwd: folder,
      ready: async () => (await ask(asker, PROBE_FROM, [PROBE], 1))[0] !== undefined,
    },
  );
  const isRefused = ({ zone, labels }: Question): boolean =>
    [...refused].some((other) =>
      `.${[...labels.slice(0, -1), zone].join('.')}`.endsWith(`.${other}`),
    );
  const kept = questions.filter((question) => !isRefused(question));
  const replies = new Map<Question, Reply | undefined>();
  const own = new Map(kept.map((question) => [question, ownReply(responder, question, 'udp')]));
  for (const client of CLIENTS) {
    const asked = kept.filter((question) => question.client === client);
    // one that we leave unanswered is asked again a few times only
    for (const isSilent of [false, true]) {
      const some = asked.filter((question) => (own.get(question) === undefined) === isSilent);
      const found = await ask(asker, client, some, isSilent ? 2 : 20);
      for (const [k, question] of some.entries()) replies.set(question, found[k]);
    }
  }
  await server.stop();
  await asker.kill();
  return kept.map((question): Pair => {
    const ours = own.get(question);
    const name = [...question.labels.slice(0, -1), question.zone].join('.').toLowerCase();
    const message = Buffer.from(question.message);
    message.writeUInt8(message.readUInt8(2) & ~6, 2);
    return {
      question,
      theirs: replies.get(question),
      ours,
      whole: ours?.isTruncated === true ? ownReply(responder, question, 'tcp') : undefined,
      clean: question.hasStrayBits
        ? ownReply(responder, { ...question, message }, 'udp')
        : undefined,
      isIgnored:
        ours === undefined &&
        ownReply(responder, { ...question, message: plainQuery(question) }, 'udp') === undefined,
      limit: udpLimit(question.message),
      isApex: names.includes(name),
      isAbove: liesBelow(sources, question),
      hasAcl: hasAcl(name),
    };
  });
}

/** The same name: class IN, type A, no flags, no EDNS. */
function plainQuery({ labels, zone }: Pick<Question, 'labels' | 'zone'>): Buffer {
  const name = wireName([...labels.slice(0, -1), ...zone.split('.')]);
  const head = Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, name, Buffer.from([0, A, 0, 1])]);
}

function wireName(labels: readonly string[]): Buffer {
  const parts = labels.map((label) => {
    const bytes = Buffer.from(label);
    return Buffer.from([bytes.length, ...bytes]);
  });
  return Buffer.concat([...parts, Buffer.of(0)]);
}

/** The replies in order; undefined where none came. */
async function ask(
  asker: Agent,
  from: string,
  questions: readonly Pick<Question, 'message'>[],
  tries: number,
): Promise<(Reply | undefined)[]> {
  const replies = await asker.ask<(string | null)[]>({
    do: 'ask',
    address: from.includes(':') ? '::1' : '127.0.0.1',
    port: 5300,
    from,
    queries: questions.map(({ message }) => message.toString('base64')),
    tries,
  });
  return replies.map((reply) => (reply === null ? undefined : parse(Buffer.from(reply, 'base64'))));
}

function ownResponder(words: readonly string[], folder: string) {
  const settings = parseCommandLine(['-b', '127.0.0.1', ...words]);
  if (settings === 'help') throw new Error('no settings');
  const inFolder = <Spec extends { files: readonly string[] }>(spec: Spec): Spec => ({
    ...spec,
    files: spec.files.map((file) => join(folder, file)),
  });
  const { globalAcl } = settings.load;
  const { zones, globalAccess } = loadZones({
    zones: settings.load.zones.map((zone) => ({
      ...zone,
      datasets: zone.datasets.map(inFolder),
      ...(zone.acl && { acl: inFolder(zone.acl) }),
    })),
    ...(globalAcl && { globalAcl: inFolder(globalAcl) }),
    settings: { ...settings.load.settings, nowMs: Date.now() },
  });
  const refused = new Set<string>();
  const sources = zones.map(({ name, zone, failure }): ZoneSource => {
    if (zone !== undefined) return { ...zone, tellsNameServers: true };
    // the one thing that rbldnsd takes and we do not: files without a single right line
    expect(failure).toMatch(/none of \d+ lines could be read/);
    refused.add(formatName(name));
    return { name, answers: [], groups: [], failed: failure ?? '' };
  });
  const compiled = compileZones(sources, globalAccess);
  const counters = newCounters(compiled.zones.length, 0);
  return { responder: new Responder(compiled, counters), refused, sources };
}

function ownReply(
  responder: Responder,
  { message, client }: Question,
  transport: 'udp' | 'tcp',
): Reply | undefined {
  const bytes = new Uint8Array(65_535);
  bytes.set(message);
  responder.nowMs = Date.now();
  const from = new Client();
  setClientAddress(from, client, client.includes(':') ? 6 : 4);
  const size = responder.answer(bytes, 0, message.length, bytes.length, from, transport);
  return size === 0 ? undefined : parse(Buffer.from(bytes.buffer, 0, size));
}

/** RFC 6891 6.2.3; no more than 1232 here. */
function udpLimit(message: Buffer): number {
  const at = message.length - 11;
  const hasEdns = message.readUInt16BE(10) === 1;
  return hasEdns ? Math.min(1232, Math.max(512, message.readUInt16BE(at + 3))) : 512;
}

function parse(message: Buffer): Reply {
  const flags = message.readUInt16BE(2);
  const base = { rcode: flags & 15, isTruncated: (flags & 0x200) !== 0, size: message.length };
  // to what is no query there is a header alone
  if (message.length === 12 || (flags & 0x7800) !== 0) {
    return { ...base, answers: [], authority: [] };
  }
  const packet = dnsPacket.decode(message);
  return { ...base, answers: texts(packet.answers), authority: texts(packet.authorities) };
}

function texts(records: readonly dnsPacket.Answer[] = []): string[] {
  const all = records.map((answer) => {
    const { type, ttl, data } = answer as { type: string; ttl: number; data: unknown };
    const text = Array.isArray(data)
      ? data.map((part) => (part as Buffer).toString('latin1')).join('|')
      : JSON.stringify(data).toLowerCase(); // compression may change a name's case
    return `${type} ${ttl} ${text}`;
  });
  return [...new Set(all)].sort();
}

/** The names of the differences that explain the two replies; undefined where they are wrong. */
function judge(pair: Pair): readonly string[] | undefined {
  const { theirs, ours } = pair;
  // a client that is to be ignored is, whatever it asks: rbldnsd looks at the rest of a query first
  if (pair.isIgnored && isRefusal(theirs)) return [];
  if (theirs === undefined || ours === undefined) return theirs === ours ? [] : undefined;
  const seen: string[] = [];
  let both: Both = { ...pair, theirs, ours };
  for (const { what, instead } of DIFFERENCES) {
    const changed = instead?.(both);
    if (changed === undefined) continue;
    both = { ...both, theirs: changed };
    seen.push(what);
  }
  if (sameAnswers(both.theirs, ours) && isSame(both.theirs.authority, ours.authority)) return seen;
  const meant = DIFFERENCES.find(({ holds }) => holds?.(both));
  return meant && [...seen, meant.what];
}

/** Whether all records of the first stand in the second; TTLs differ behind a long text, see above. */
function isWithin(some: Reply, all: Reply): boolean {
  const isLong = some.answers.some((answer) => LONG_TEXT.test(answer));
  const [few, many] = isLong ? [withoutTtl(some), withoutTtl(all)] : [some.answers, all.answers];
  return few.every((answer) => many.includes(answer));
}

function isRefusal(reply: Reply | undefined): boolean {
  if (reply === undefined || reply.answers.length > 0) return false;
  return reply.rcode === NOTIMP || reply.rcode === REFUSED;
}

function sameAnswers(theirs: Reply, ours: Reply): boolean {
  return theirs.rcode === ours.rcode && isSame(theirs.answers, ours.answers);
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.join('\n') === other.join('\n');
}

/** The records without their TTLs, each once. */
function withoutTtl({ answers }: Reply): string[] {
  return [...new Set(answers.map((answer) => answer.replace(/ \d+/, '')))].sort();
}

function lowestTtl({ answers }: Reply): number {
  return Math.min(...answers.map((answer) => Number(answer.split(' ')[1])));
}

/** Whether `ours` is `theirs` without escapes, which make a text reach its limit earlier. */
function isUnescaped(theirs: string, ours: string): boolean {
  if (!theirs.startsWith('TXT')) return theirs === ours;
  const isCut = theirs.replace(/^TXT \d+ /, '').length >= 250;
  const text = (isCut ? theirs.replace(/\\\d{0,2}$/, '') : theirs).replace(
    /\\(\d{3}|.)/g,
    (_, escaped: string) => (escaped.length === 3 ? String.fromCharCode(Number(escaped)) : escaped),
  );
  return isCut ? ours.startsWith(text) : ours === text;
}

function tell({ question, theirs, ours, isAbove }: Pair): string {
  const show = (reply: Reply | undefined): string =>
    reply === undefined
      ? 'nothing'
      : `${reply.rcode}${reply.isTruncated ? ' cut' : ''} ${reply.answers.join(' / ')}` +
        ` [${reply.authority.join(' / ')}] ${reply.size}`;
  const { labels, type, client, message } = question;
  return (
    `${labels.join('.')} ${type} from ${client}${isAbove ? ', something below' : ''}` +
    ` ${message.toString('hex')}\n  rbldnsd: ${show(theirs)}\n  ours: ${show(ours)}`
  );
}
