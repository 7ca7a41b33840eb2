import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';

import type { NamedList } from '../../src/formats/index.js';
import type { Family } from '../../src/ip/family.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { digAll, dnsblName } from '../helpers/dig.js';
import { hundredLists, probesOf } from '../helpers/hundred-ranges.js';
import { addressSet } from '../helpers/lists.js';
import { namedSettings } from '../helpers/name-servers.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import { startRbldnsd } from '../helpers/rbldnsd.js';
import { renderText } from '../helpers/render.js';
import { run } from '../helpers/run.js';

/*
 * Every list is a zone of its own, and every zone is asked about every address of the hundred
 * ranges: what is listed in one zone shows whether another lists too much.
 */

const LISTED4 = dnsblName(4, '127.0.0.2', '');
const UNLISTED4 = dnsblName(4, '127.0.0.1', '');
const LISTED6 = dnsblName(6, '0:0:0:0:0:ffff:7f00:2', '');
const UNLISTED6 = dnsblName(6, '0:0:0:0:0:ffff:7f00:1', '');

async function serveByRbldnsd(zones: Record<string, string>, type = 'combined') {
  const cwd = await temporaryFolder();
  const network = await Namespace.create();
  for (const [zone, text] of Object.entries(zones)) await writeFile(join(cwd, zone), text);
  const names = Object.keys(zones);
  const words = names.map((zone) => `${zone}:${type}:${zone}`);
  const server = await startRbldnsd(network, cwd, words, () => isServed(network, names));
  return { network, server };
}

async function serveByNamed(zones: Record<string, string>) {
  const folder = await temporaryFolder();
  const network = await Namespace.create();
  for (const [zone, text] of Object.entries(zones)) {
    await writeFile(join(folder, zone), text);
    const checked = await run('named-checkzone', [zone, join(folder, zone)]);
    expect(checked, checked.stdout).toMatchObject({ code: 0 });
  }
  const names = Object.keys(zones);
  const clauses = names
    .map((zone) => `zone "${zone}" { type primary; file "${zone}"; };`)
    .join('\n');
  await writeFile(
    join(folder, 'named.conf'),
    namedSettings(folder, clauses, { address: '127.0.0.1', port: 5300 }),
  );
  const server = await network.start('named', ['-g', '-c', join(folder, 'named.conf')], {
    ready: () => isServed(network, names),
  });
  return { network, server };
}

async function isServed(network: Namespace, zones: readonly string[]): Promise<boolean> {
  const tests = zones.flatMap((zone) => [LISTED4 + zone, LISTED6 + zone]);
  const replies = await digAll(network, 'A', tests);
  // a zone of one family has one of the two test entries
  return zones.every((_, k) =>
    replies.slice(2 * k, 2 * k + 2).some((one) => one.answers.length > 0),
  );
}

/** Asks every zone `<list>.example` about every probe of the family; the differences from the lists. */
async function wrongAnswers(network: Namespace, family: Family, lists: readonly string[]) {
  const questions = lists.flatMap((list) =>
    probesOf(family).map((probe) => ({
      name: dnsblName(family, probe.address, `${list}.example`),
      expected: probe.list === list ? '127.0.0.2' : '',
    })),
  );
  expect(questions.length).toBeGreaterThan(350);
  const names = questions.map(({ name }) => name);
  const replies = await digAll(network, 'A', names);
  return questions.flatMap(({ name, expected }, k) => {
    const { status, answers } = replies[k] as (typeof replies)[number];
    const isKnown = status === 'NOERROR' || status === 'NXDOMAIN';
    return isKnown && answers.join() === expected ? [] : [`${name}: ${status} ${answers.join()}`];
  });
}

/** The zone texts of the two lists of the hundred ranges, by zone name. */
function hundredZones(format: string, families: Family[] = [4, 6]): Record<string, string> {
  const lists = hundredLists();
  return Object.fromEntries(
    lists.map((list) => [`${list.name}.example`, renderText(format, [list], { families })]),
  );
}

describe('rbldnsd format, asked through rbldnsd', () => {
  systemTest('lists the hundred ranges exactly', ['rbldnsd', 'dig', 'namespace'], async () => {
    const { network, server } = await serveByRbldnsd(hundredZones('rbldnsd'));
    expect(await wrongAnswers(network, 4, ['kr', 'jp'])).toEqual([]);
    expect(await wrongAnswers(network, 6, ['kr', 'jp'])).toEqual([]);
    expect(server.output()).not.toMatch(/invalid|unrecognized|error/i);
  });

  systemTest(
    'has the test entries, and the asked address in its text',
    ['rbldnsd', 'dig', 'namespace'],
    async () => {
      const addresses = addressSet('127.0.0.0/8', '203.0.113.0/24', '2001:db8::/32');
      const zone = renderText('rbldnsd', [{ name: 'kr', addresses }], {
        action: ':127.0.0.4:country list: $',
      });
      const { network } = await serveByRbldnsd({ 'bl.example': zone });
      const asked = [LISTED4, UNLISTED4, LISTED6, UNLISTED6].map((name) => `${name}bl.example`);
      const replies = await digAll(network, 'A', asked);
      expect(replies.map(({ answers }) => answers.join())).toEqual([
        '127.0.0.4',
        '',
        '127.0.0.4',
        '',
      ]);
      const texts = await digAll(network, 'TXT', [
        dnsblName(4, '203.0.113.9', 'bl.example'),
        dnsblName(6, '2001:db8:0:0:0:0:0:9', 'bl.example'),
      ]);
      expect(texts.map(({ answers }) => answers.join())).toEqual([
        '"country list: 203.0.113.9"',
        '"country list: 2001:db8::9"',
      ]);
    },
  );

  for (const family of [4, 6] as const) {
    systemTest(
      `of IPv${family} alone is a combined dataset too`,
      ['rbldnsd', 'dig', 'namespace'],
      async () => {
        const { network } = await serveByRbldnsd(hundredZones('rbldnsd', [family]));
        expect(await wrongAnswers(network, family, ['kr'])).toEqual([]);
      },
    );

    systemTest(
      `of IPv${family} alone loads as ip${family}trie, with a warning`,
      ['rbldnsd', 'dig', 'namespace'],
      async () => {
        const zones = hundredZones('rbldnsd', [family]);
        const { network, server } = await serveByRbldnsd(zones, `ip${family}trie`);
        expect(await wrongAnswers(network, family, ['kr'])).toEqual([]);
        expect(server.output()).toMatch(/unrecognized special entry/);
      },
    );
  }

  systemTest(
    'takes SOA and NS from a file before it',
    ['rbldnsd', 'dig', 'namespace'],
    async () => {
      const cwd = await temporaryFolder();
      const network = await Namespace.create();
      const list: NamedList = { name: 'kr', addresses: addressSet('203.0.113.0/24') };
      await writeFile(join(cwd, 'kr.rbldnsd'), renderText('rbldnsd', [list]));
      const soa = '$SOA 3600 ns.example hostmaster.example 0 3600 600 604800 300\n';
      await writeFile(join(cwd, 'soa'), `${soa}$NS 3600 ns.example\n`);
      const zone = 'kr.example:combined:soa,kr.rbldnsd';
      await startRbldnsd(network, cwd, [zone], () => isServed(network, ['kr.example']));
      const [reply] = await digAll(network, 'SOA', ['kr.example']);
      expect(reply?.answers.join()).toMatch(/^ns\.example\. hostmaster\.example\. \d+ 3600 600/);
    },
  );
});

describe('bind format, asked through named', () => {
  systemTest(
    'lists the hundred ranges exactly, both families in one zone',
    ['named', 'named-checkzone', 'dig', 'namespace'],
    async () => {
      const { network } = await serveByNamed(hundredZones('bind'));
      expect(await wrongAnswers(network, 4, ['kr', 'jp'])).toEqual([]);
      expect(await wrongAnswers(network, 6, ['kr', 'jp'])).toEqual([]);
    },
  );

  for (const family of [4, 6] as const) {
    systemTest(
      `of IPv${family} alone lists nothing of the other family`,
      ['named', 'named-checkzone', 'dig', 'namespace'],
      async () => {
        const { network } = await serveByNamed(hundredZones('bind', [family]));
        expect(await wrongAnswers(network, family, ['kr'])).toEqual([]);
        const other = family === 4 ? 6 : 4;
        const names = probesOf(other).map((one) => dnsblName(other, one.address, 'jp.example'));
        const replies = await digAll(network, 'A', names);
        expect(replies.flatMap(({ answers }) => answers)).toEqual([]);
        expect(new Set(replies.map(({ status }) => status))).not.toContain('no reply');
      },
    );
  }

  systemTest(
    'keeps IPv4 and IPv6 apart where their names meet',
    ['named', 'named-checkzone', 'dig', 'namespace'],
    async () => {
      // 2.0.0.0/12 begins as 2001:…'s names do, and 4000::/4 is what *.4 would list of IPv4
      const addresses = addressSet('2.0.0.0/12', '2001:db8::/32', '4000::/4');
      const zone = renderText('bind', [{ name: 'fr', addresses }]);
      const { network } = await serveByNamed({ 'fr.example': zone });
      const ask = async (family: Family, ...list: string[]) => {
        const names = list.map((address) => dnsblName(family, address, 'fr.example'));
        return (await digAll(network, 'A', names)).map(({ answers }) => answers.length);
      };
      expect(await ask(4, '2.0.0.1', '2.0.0.5', '2.0.1.3', '2.8.13.200', '2.15.255.255')).toEqual([
        1, 1, 1, 1, 1,
      ]);
      expect(await ask(4, '2.16.0.0', '4.5.6.7', '0.0.0.4', '1.255.255.255')).toEqual([0, 0, 0, 0]);
      expect(await ask(6, '2001:db8:0:0:0:0:0:1', '4fff:0:0:0:0:0:0:1')).toEqual([1, 1]);
      expect(
        await ask(6, '2001:db9:0:0:0:0:0:1', '2002:0:0:0:0:0:0:1', '5000:0:0:0:0:0:0:1'),
      ).toEqual([0, 0, 0]);
    },
  );

  systemTest(
    'loads under any origin, with test entries, texts and the given serial',
    ['named', 'named-checkzone', 'dig', 'namespace'],
    async () => {
      const addresses = addressSet('127.0.0.0/8', '203.0.113.0/24');
      const zone = renderText('bind', [{ name: 'kr', addresses }], {
        action: ':127.0.0.4:"quoted" \\ Zoë $$',
        dataTimeSeconds: 1_700_000_000,
      });
      const origin = 'a.b.c.d.example.net';
      const { network } = await serveByNamed({ [origin]: zone });
      const listed = dnsblName(4, '127.255.255.255', origin);
      const asked = [
        LISTED4 + origin,
        UNLISTED4 + origin,
        LISTED6 + origin,
        UNLISTED6 + origin,
        listed,
      ];
      const replies = await digAll(network, 'A', asked);
      const found = replies.map(({ answers }) => answers.join());
      expect(found).toEqual(['127.0.0.4', '', '127.0.0.4', '', '127.0.0.4']);
      const [text] = await digAll(network, 'TXT', [dnsblName(4, '203.0.113.9', origin)]);
      expect(text?.answers).toEqual(['"\\"quoted\\" \\\\ Zo\\195\\171 $"']);
      const [soa] = await digAll(network, 'SOA', [origin]);
      expect(soa?.answers.join()).toMatch(
        /^ns\.a\.b\.c\.d\.example\.net\. hostmaster\.a\.b\.c\.d\.example\.net\. 1700000000 /,
      );
    },
  );
});
