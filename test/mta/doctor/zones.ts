import { parseConfig } from '../../../src/config/load.js';
import type { ZoneAnswers } from '../../../src/mta/doctor/look/zone-answers.js';
import type { Reply } from '../../../src/mta/doctor/look/ask.js';
import { type ExpectedZone, expectedZones } from '../../../src/mta/doctor/zones.js';

const TEXT = `
lists:
  blocked: { file: blocked.txt }
  later: { file: later.txt, action: tempfail }
dnsbl:
  zones:
    - name: bl.example.net
      lists:
        later: { code: 127.0.0.4 }
        blocked: { code: 127.0.0.2, text: "by hand: $" }
    - { name: keyed.example.net, keys: [abcdefgh, abcdefghij], lists: { later: { code: 127.0.0.4 } } }
    - { name: cc.example.net, kind: country }
    - { name: old.example.net, kind: rbldnsd, datasets: ['ip4set:x'] }
`;

export const LOADED = parseConfig(TEXT, '/etc/sekisho/sekisho.yaml');

/** A zone of lists, one with keys, one of countries, one of rbldnsd's files. */
export const ZONES = expectedZones(LOADED.config);
export const [BL, KEYED, COUNTRIES, OLD] = ZONES as [
  ExpectedZone,
  ExpectedZone,
  ExpectedZone,
  ExpectedZone,
];

export const noSuchName: Reply = { rcode: 'NXDOMAIN', records: [], negativeTtlSeconds: 5 };
export const empty: Reply = { rcode: 'NOERROR', records: [] };
export const silent: Reply = { rcode: undefined, records: [], silence: 'nobody listens there' };
export const rcode = (name: string): Reply => ({ rcode: name, records: [] });
export const told = (...records: string[]): Reply => ({ rcode: 'NOERROR', records });

/** Answers as they ought to be, but for some. */
export function answers(more: Partial<ZoneAnswers> = {}): ZoneAnswers {
  const test = told('127.0.0.2');
  return {
    ...{ test, unvalidated: test, test6: test, furtherKeys: [] },
    text: told('by hand: 127.0.0.2'),
    never: noSuchName,
    ...more,
  };
}

/** The same reply to every question. */
export function allAnswers(reply: Reply): ZoneAnswers {
  return {
    test: reply,
    text: reply,
    unvalidated: reply,
    never: reply,
    test6: reply,
    furtherKeys: [],
  };
}
