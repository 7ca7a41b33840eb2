import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import dnsPacket from 'dns-packet';
import { describe, expect } from 'vitest';

import { Client } from '../../src/dnsbl/answer/client.js';
import { newCounters } from '../../src/dnsbl/answer/counters.js';
import { Responder } from '../../src/dnsbl/answer/responder.js';
import { compileZones } from '../../src/dnsbl/index/compile.js';
import { parseCommandLine } from '../../src/dnsbl/rbldnsd/command-line.js';
import { loadZones } from '../../src/dnsbl/rbldnsd/load-zones.js';
import { formatName } from '../../src/dnsbl/wire/name.js';
import { Agent } from '../helpers/agent.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import { SET_TYPES, randomAcl, randomFile, randomQuestion } from '../helpers/rbldnsd-zones.js';
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
const ASKER = new URL('../helpers/dns-asker.mjs', import.meta.url).pathname;

interface Question {
  readonly labels: readonly string[];
  readonly type: number;
  readonly message: Buffer;
}

interface Reply {
  readonly rcode: number;
  readonly isTruncated: boolean;
  /** Records of the answer section, sorted. */
  readonly answers: readonly string[];
}

interface Pair {
  readonly question: Question;
  readonly theirs: Reply | undefined;
  readonly ours: Reply | undefined;
}

const NOERROR = 0;
const NXDOMAIN = 3;
const [A, SOA, NS, MX, TXT, AAAA, AXFR, ANY] = [1, 6, 2, 15, 16, 28, 252, 255];

/** What the random records of generic datasets answer. */
const GENERIC =
  /^(MX |A \d+ "(192\.0\.2\.\d|127\.0\.0\.1|0\.0\.0\.5)"|TXT \d+ (quoted \$|plain text \$|x+$|$))/;

/** What is meant to be different, and why. Each must occur in a full run, or it is out of date. */
const DIFFERENCES: readonly {
  readonly what: string;
  readonly why: string;
  readonly holds: (pair: Required<Pair> & { theirs: Reply; ours: Reply }) => boolean;
}[] = [
  {
    what: 'NOERROR for names with something below them',
    why: 'RFC 8020: a resolver that minimises names takes NXDOMAIN for the end (rbldnsd issue 17)',
    holds: ({ theirs, ours }) =>
      theirs.rcode === NXDOMAIN && ours.rcode === NOERROR && ours.answers.length === 0,
  },
  {
    what: 'ANY gets the records of one type',
    why: 'RFC 8482: less to gain from forged addresses',
    holds: ({ question, theirs, ours }) =>
      question.type === ANY &&
      theirs.rcode === ours.rcode &&
      ours.answers.every((one) => theirs.answers.includes(one) || GENERIC.test(one)) &&
      (ours.answers.length > 0 || theirs.answers.length === 0),
  },
  {
    what: 'ANY at the zone needs no NS',
    why: 'one set of records is enough, and there is the SOA',
    holds: ({ question, theirs, ours }) =>
      question.type === ANY && theirs.rcode === 5 && ours.rcode === NOERROR,
  },
  {
    what: 'a client that an acl always lists is listed for addresses of both families',
    why: 'the acl is about the client; whether a dataset is of the same family does not matter',
    holds: ({ question, theirs, ours }) =>
      question.labels.length > 4 &&
      theirs.rcode === NXDOMAIN &&
      ours.answers.some((answer) =>
        / "127.0.0.(9|10|7|8)"$|always for|default of|text for/.test(answer),
      ),
  },
  {
    what: 'records of generic are served to clients whom an acl lists or calls empty',
    why: 'rbldnsd finds their names, but loses the type among its flags and answers without data',
    holds: ({ theirs, ours }) =>
      theirs.rcode === NOERROR &&
      theirs.answers.length < ours.answers.length &&
      theirs.answers.every((answer) => ours.answers.includes(answer)) &&
      ours.answers.every((answer) => theirs.answers.includes(answer) || GENERIC.test(answer)),
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
    holds: ({ theirs, ours }) => {
      const isLong = theirs.answers.some((answer) => /^TXT \d+ .{255}$/s.test(answer));
      return isLong && withoutTtl(theirs).join('\n') === withoutTtl(ours).join('\n');
    },
  },
  {
    what: 'octets with leading zeros are no address',
    why: 'an address has one name, not several; caches and wildcards would disagree',
    holds: ({ question, theirs, ours }) =>
      question.labels.some((label) => /^0\d+$/.test(label)) && theirs.rcode <= ours.rcode,
  },
  {
    what: 'a transfer is refused',
    why: 'RFC 5936 2.2.1: it is known here, and not allowed; rbldnsd does not know it',
    holds: ({ question, theirs, ours }) =>
      question.type === AXFR && theirs.rcode === 4 && ours.rcode === 5,
  },
  {
    what: 'an answer that is too large is cut, with TC',
    why: 'rbldnsd leaves records out in silence; here the client asks again over TCP',
    holds: ({ ours }) => ours.isTruncated,
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
        const pairs = await askBoth([...options, ...zones.specs], zones.folder, questions);
        compared += pairs.length;
        for (const pair of pairs) {
          const verdict = judge(pair);
          if (verdict === 'same') continue;
          if (verdict === 'wrong') wrong.push(`seed ${SEED}, round ${round}: ${tell(pair)}`);
          else seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
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
async function writeZones(random: Seeded) {
  const folder = await temporaryFolder();
  const names: string[] = [];
  const specs: string[] = [];
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
    if (random.chance(0.15)) {
      await writeFile(join(folder, `${zone}-acl`), randomAcl(random));
      specs.push(`${name}:acl:${zone}-acl`);
    }
  }
  return { folder, names, specs };
}

function randomQuery(random: Seeded, zones: readonly string[]): Question {
  const zone = random.chance(0.002) ? 'elsewhere.test' : random.pick(zones);
  const labels = randomQuestion(random);
  const types = [A, A, A, A, A, TXT, TXT, TXT, TXT, ANY, MX, SOA, NS, AAAA, 65];
  const type = random.chance(0.005) ? random.pick([250, AXFR, 254]) : random.pick(types);
  const shown = random.chance(0.1) ? labels.map((label) => label.toUpperCase()) : labels;
  const parts = [...shown, ...zone.split('.')].map((label) => {
    const bytes = Buffer.from(label);
    return Buffer.from([bytes.length, ...bytes]);
  });
  const head = Buffer.from([0, 0, random.chance(0.5) ? 1 : 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const tail = Buffer.from([0, type >> 8, type & 255, 0, 1]);
  return { labels: [...labels, zone], type, message: Buffer.concat([head, ...parts, tail]) };
}

/** Our replies and rbldnsd's; zones that are refused whole on purpose are left out. */
async function askBoth(
  words: readonly string[],
  folder: string,
  questions: readonly Question[],
): Promise<Pair[]> {
  const { responder, refused } = ownResponder(words, folder);
  const network = await Namespace.create();
  const asker = await Agent.start(network, ASKER);
  const probe = encode(questions[0] as Question);
  const server = await network.start(
    'rbldnsd',
    ['-n', '-u', 'nobody', '-c', '0', '-b', '127.0.0.1/5300', ...words],
    {
      cwd: folder,
      ready: async () => (await ask(asker, [probe], 1))[0] !== null,
    },
  );
  const isRefused = ({ labels }: Question): boolean => {
    const name = `.${labels.join('.')}`;
    return [...refused].some((zone) => name.endsWith(`.${zone}`));
  };
  const kept = questions.filter((question) => !isRefused(question));
  const replies = await ask(asker, kept.map(encode), 20);
  await server.stop();
  await asker.kill();
  return kept.map((question, k) => ({
    question,
    theirs: parse(replies[k] === null ? undefined : Buffer.from(replies[k] as string, 'base64')),
    ours: parse(ownReply(responder, question.message)),
  }));
}

function ask(asker: Agent, queries: string[], tries: number): Promise<(string | null)[]> {
  return asker.ask({ do: 'ask', address: '127.0.0.1', port: 5300, queries, tries });
}

function encode({ message }: Question): string {
  return message.toString('base64');
}

function ownResponder(words: readonly string[], folder: string) {
  const settings = parseCommandLine(['-b', '127.0.0.1', ...words]);
  if (settings === 'help') throw new Error('no settings');
  const inFolder = <Spec extends { files: readonly string[] }>(spec: Spec): Spec => ({
    ...spec,
    files: spec.files.map((file) => join(folder, file)),
  });
  const { zones } = loadZones({
    zones: settings.load.zones.map((zone) => ({
      ...zone,
      datasets: zone.datasets.map(inFolder),
      ...(zone.acl && { acl: inFolder(zone.acl) }),
    })),
    settings: { ...settings.load.settings, nowMs: Date.now() },
  });
  const refused = new Set<string>();
  const sources = zones.map(({ name, zone, failure }) => {
    if (zone !== undefined) return zone;
    // the one thing that rbldnsd takes and we do not: files without a single right line
    expect(failure).toMatch(/none of \d+ lines could be read/);
    refused.add(formatName(name));
    return { name, answers: [], groups: [], failed: failure ?? '' };
  });
  const compiled = compileZones(sources);
  return { responder: new Responder(compiled, newCounters(compiled.zones.length, 0)), refused };
}

const CLIENT = new Client();
CLIENT.set4(0x7f00_0001);

function ownReply(responder: Responder, message: Buffer): Buffer | undefined {
  const bytes = new Uint8Array(4096);
  bytes.set(message);
  responder.nowMs = Date.now();
  const size = responder.answer(bytes, 0, message.length, bytes.length, CLIENT, 'udp');
  return size === 0 ? undefined : Buffer.from(bytes.buffer, 0, size);
}

function parse(message: Buffer | undefined): Reply | undefined {
  if (message === undefined) return undefined;
  const packet = dnsPacket.decode(message);
  const answers = (packet.answers ?? []).map((answer) => {
    const { type, ttl, data } = answer as { type: string; ttl: number; data: unknown };
    const text = Array.isArray(data)
      ? data.map((part) => (part as Buffer).toString('latin1')).join('|')
      : JSON.stringify(data).toLowerCase(); // compression may change a name's case
    return `${type} ${ttl} ${text}`;
  });
  const flags = message.readUInt16BE(2);
  return {
    rcode: flags & 15,
    isTruncated: (flags & 0x200) !== 0,
    answers: [...new Set(answers)].sort(),
  };
}

function judge(pair: Pair): string {
  const { question, theirs, ours } = pair;
  if (theirs === undefined || ours === undefined) return theirs === ours ? 'same' : 'wrong';
  if (theirs.rcode === ours.rcode && theirs.answers.join('\n') === ours.answers.join('\n')) {
    return 'same';
  }
  const meant = DIFFERENCES.find(({ holds }) => holds({ question, theirs, ours }));
  return meant?.what ?? 'wrong';
}

/** The records without their TTLs, each once. */
function withoutTtl({ answers }: Reply): string[] {
  return [...new Set(answers.map((answer) => answer.replace(/ \d+/, '')))].sort();
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

function tell({ question, theirs, ours }: Pair): string {
  const show = (reply: Reply | undefined): string =>
    reply === undefined ? 'nothing' : `${reply.rcode} ${reply.answers.join(' / ')}`;
  return `${question.labels.join('.')} ${question.type}\n  rbldnsd: ${show(theirs)}\n  ours: ${show(ours)}`;
}
