import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { encode } from 'dns-packet';

import { Client } from '../../src/dnsbl/answer/client.js';
import { newCounters } from '../../src/dnsbl/answer/counters.js';
import { Responder } from '../../src/dnsbl/answer/responder.js';
import { compileZones } from '../../src/dnsbl/index/compile.js';
import { loadZones } from '../../src/dnsbl/rbldnsd/load-zones.js';
import { READ_DEFAULTS } from '../../src/dnsbl/rbldnsd/set-reader.js';
import { parseName } from '../../src/dnsbl/wire/name.js';
import { readFileSync } from 'node:fs';
import { filesOf2013 } from '../inputs/statistics-files.js';
import { callInTurn } from '../measure/functions.js';
import type { Benchmark } from '../row.js';
import { ZONE, writeZoneInputs } from './zone-inputs.js';

const QUERIES = 4096;
const ROUNDS_OF_ALL = 50;
const GOAL_MILLIONS = 4;

/** The pure answer function alone: no socket, no thread. */
export const benchmarkAnswer: Benchmark = ({ folder, runs }) => {
  const own = join(folder, 'answer');
  mkdirSync(own);
  const { paths, origin } = filesOf2013(own);
  const inputs = writeZoneInputs(own, paths);
  const name = parseName(ZONE);
  if (name === undefined) throw new Error('the zone has no name');
  const { zones } = loadZones({
    zones: [{ name, datasets: [{ type: 'combined', files: [inputs.zoneFile] }] }],
    settings: { ...READ_DEFAULTS, decompress: true, nowMs: Date.now() },
  });
  const compiled = compileZones(zones.flatMap(({ zone }) => zone ?? []));
  const responder = new Responder(compiled, newCounters(compiled.zones.length, 0));
  const messages = readFileSync(inputs.questions.A, 'latin1')
    .split('\n', QUERIES)
    .map((line) =>
      encode({ type: 'query', id: 1, questions: [{ name: line.split(' ')[0] ?? '', type: 'A' }] }),
    );
  const bytes = new Uint8Array(1500);
  const client = new Client();
  client.set4(0x7f00_0001);
  let size = 0;
  const copyAll = (): void => {
    for (let round = 0; round < ROUNDS_OF_ALL; round++) {
      for (const message of messages) bytes.set(message);
    }
  };
  const answerAll = (): void => {
    for (let round = 0; round < ROUNDS_OF_ALL; round++) {
      for (const message of messages) {
        bytes.set(message);
        size += responder.answer(bytes, 0, message.length, bytes.length, client, 'udp');
      }
    }
  };
  const [copying = 0, answering = 0] = callInTurn(runs, 3, [copyAll, answerAll]);
  if (size === 0) throw new Error('nothing was answered');
  const millions = (QUERIES * ROUNDS_OF_ALL) / (answering - copying) / 1000;
  return Promise.resolve([
    {
      name: 'DNSBL, answer() alone',
      meaning:
        `A questions about ${inputs.ranges} ranges of KR, CN, TW and HK from ${origin}, half of ` +
        'them listed, given to the answer function in turn; CPU time, less that of copying the ' +
        'question to its place.',
      ours: { name: 'answers a second', value: `${millions.toFixed(1)} million` },
      goal: `≥ ${GOAL_MILLIONS} million`,
      met: millions >= GOAL_MILLIONS,
    },
  ]);
};
