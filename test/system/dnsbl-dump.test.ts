import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect } from 'vitest';

import { Client } from '../../src/dnsbl/answer/client.js';
import { newCounters } from '../../src/dnsbl/answer/counters.js';
import { Responder } from '../../src/dnsbl/answer/responder.js';
import { compileZones } from '../../src/dnsbl/index/compile.js';
import { dumpZone } from '../../src/dnsbl/rbldnsd/dump-zone.js';
import { loadZones } from '../../src/dnsbl/rbldnsd/load-zones.js';
import { READ_DEFAULTS } from '../../src/dnsbl/rbldnsd/set-reader.js';
import { parseName } from '../../src/dnsbl/wire/name.js';
import type { ZoneSource } from '../../src/dnsbl/zone/zone-source.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { type DnsReply, digAll } from '../helpers/dig.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import { SET_TYPES, randomFile, randomQuestion } from '../helpers/rbldnsd-zones.js';
import { run } from '../helpers/run.js';
import { Seeded } from '../helpers/seeded.js';

/*
 * What `-d` prints, served by BIND, answers with the same A records as we do. Each type is asked
 * for what it lists: a wildcard such as `*.10` answers for every name below, address or not, and a
 * zone file has no way to say otherwise.
 */

const HEADER = '$SOA 1h ns.test admin.test 1 1h 1h 1w 5m\n$NS 1h ns.test\n$TTL 5m\n';

describe('a dump served by BIND', () => {
  for (const type of SET_TYPES) {
    systemTest(`${type}: the same names are listed`, ['named', 'dig', 'namespace'], async () => {
      const random = new Seeded(SET_TYPES.indexOf(type) + 10);
      const sure = type === 'generic' ? 'sure A 192.0.2.9\n' : '';
      // a label `*` in generic is no wildcard, but would be one in a zone file
      const notSaid = type === 'generic' ? /^(\$(SOA|NS) |[^ ]*\*).*\n/gm : /^\$(SOA|NS) .*\n/gm;
      const zones = Array.from({ length: 5 }, (_, k) => ({
        name: `${type}${k}.test`,
        text: HEADER + randomFile(random, type).replace(notSaid, '') + sure,
      }));
      const { network, sources } = await serve(zones);
      const names = Array.from({ length: 1200 }, () => randomQuestion(random))
        .filter((labels) => labels.every(isPlain) && isAskable(type, labels))
        .map((labels) => `${labels.join('.')}.${random.pick(zones).name}`);
      const unique = [...new Set(names.map((name) => name.toLowerCase()))];
      const replies = await digAll(network, 'A', unique);
      const responder = responderOf(sources);
      const listed = unique.map((name) => ownAnswers(responder, name).join(' '));
      expect(listed.filter((text) => text !== '').length).toBeGreaterThan(2);
      expect(unique.map((name, k) => `${name} ${answersOf(replies[k])}`)).toEqual(
        unique.map((name, k) => `${name} ${listed[k] as string}`),
      );
    });
  }
});

/** Digits, letters and hyphens, so that dig's output needs no reading of escapes. */
function isPlain(label: string): boolean {
  return /^[a-z0-9-]+$/i.test(label) && !/^0\d/.test(label);
}

/** What a type lists has so many labels; IPv4-mapped addresses are answered as IPv4 ones here. */
function isAskable(type: string, labels: readonly string[]): boolean {
  if (type.startsWith('ip4')) return labels.length === 4;
  if (type.startsWith('ip6')) return labels.length === 32 && !/ffff0{20}$/.test(labels.join(''));
  return labels.length > 0 && labels.length < 4;
}

function answersOf(reply: DnsReply | undefined): string {
  return (reply?.answers ?? ['no reply']).sort().join(' ');
}

async function serve(zones: readonly { name: string; text: string }[]) {
  const folder = await temporaryFolder();
  const sources: ZoneSource[] = [];
  for (const { name, text } of zones) {
    await writeFile(join(folder, `${name}.data`), text);
    const type = name.replace(/\d\.test$/, '') as 'ip4set';
    const { zones: loaded } = loadZones({
      zones: [
        {
          name: parseName(name) as Uint8Array,
          datasets: [{ type, files: [join(folder, `${name}.data`)] }],
        },
      ],
      settings: { ...READ_DEFAULTS, decompress: true, nowMs: Date.now() },
    });
    const source = loaded[0]?.zone;
    if (source === undefined) throw new Error(loaded[0]?.failure);
    sources.push(source);
    await writeFile(join(folder, name), [...dumpZone(source)].join(''));
    const check = await run('named-checkzone', [
      '-i',
      'none',
      '-k',
      'ignore',
      name,
      join(folder, name),
    ]);
    expect(check, check.stdout).toMatchObject({ code: 0 });
  }
  const settings = [
    `options { directory "${folder}"; pid-file none; session-keyfile none; recursion no;`,
    'dnssec-validation no; check-names primary ignore; listen-on port 5300 { 127.0.0.1; }; listen-on-v6 { none; }; };',
    'controls { };',
    ...zones.map(
      ({ name }) =>
        `zone "${name}" { type primary; file "${join(folder, name)}"; check-integrity no; };`,
    ),
  ];
  await writeFile(join(folder, 'named.conf'), settings.join('\n'));
  const network = await Namespace.create();
  const names = zones.map(({ name }) => name);
  await network.start('named', ['-g', '-c', join(folder, 'named.conf')], {
    ready: async () =>
      (await digAll(network, 'SOA', names)).every(({ status }) => status === 'NOERROR'),
  });
  return { network, sources };
}

function responderOf(sources: readonly ZoneSource[]): Responder {
  const compiled = compileZones(sources);
  return new Responder(compiled, newCounters(compiled.zones.length, 0));
}

function ownAnswers(responder: Responder, name: string): string[] {
  const bytes = new Uint8Array(4096);
  const question = Buffer.concat([
    Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    parseName(name) as Uint8Array,
    Buffer.from([0, 1, 0, 1]),
  ]);
  bytes.set(question);
  const client = new Client();
  client.set4(0x7f00_0001);
  const size = responder.answer(bytes, 0, question.length, bytes.length, client, 'tcp');
  const answers: string[] = [];
  const count = (bytes[7] as number) + 256 * (bytes[6] as number);
  for (let at = question.length, k = 0; k < count && at < size; k++, at += 16) {
    answers.push(bytes.subarray(at + 12, at + 16).join('.'));
  }
  return answers.sort();
}
