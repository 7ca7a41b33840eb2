/*
 * A loader for tests of the server. Input: { file, delayMs? } with a JSON file of
 * { zones: [{ name, entries: [[first, last, code]], failed?, keys? }], nextChangeAtMs?, throws?, exits?,
 * exitsWithout? }, the last a file that is made where it is not there.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const DIST = process.env.SEKISHO_TEST_DIST ?? new URL('../../dist/', import.meta.url).href;
const { parseName } = await import(new URL('dnsbl/wire/name.js', DIST).href);
const { parseIPv4 } = await import(new URL('ip/address.js', DIST).href);
const { SourceError } = await import(new URL('util/errors.js', DIST).href);

const soaOf = (name, serial) => ({
  ttlSeconds: 60,
  primary: parseName(`ns.${name}`),
  person: parseName(`hostmaster.${name}`),
  serial,
  refreshSeconds: 60,
  retrySeconds: 60,
  expireSeconds: 600,
  minimumSeconds: 5,
});

function zoneOf({
  name,
  entries = [],
  failed,
  keys,
  count = 0,
  code = '127.0.0.2',
  serial = 1,
  text,
}) {
  const rows = entries.map(([first, last, answer]) => [parseIPv4(first), parseIPv4(last), answer]);
  const codes = [...new Set([code, ...rows.map((row) => row[2])])];
  const records = (address) => [
    { type: 'A', ttlSeconds: 60, address: parseIPv4(address) },
    { type: 'TXT', ttlSeconds: 60, text: text ? [new TextEncoder().encode(text)] : ['subject'] },
  ];
  // `count` single addresses from 20.0.0.0 on, every second one
  const total = count + rows.length;
  const column = () => new Uint32Array(new SharedArrayBuffer(total * 4));
  const layer = { family: 4, firsts: column(), lasts: column(), answers: column() };
  const few = rows.sort((a, b) => a[0] - b[0]);
  const low = few.filter((row) => row[0] < 0x14000000);
  let k = 0;
  const push = (first, last, answer) => {
    layer.firsts[k] = first;
    layer.lasts[k] = last;
    layer.answers[k++] = answer;
  };
  for (const [first, last, answer] of low) push(first, last, codes.indexOf(answer));
  for (let i = 0; i < count; i++) push(0x14000000 + 2 * i, 0x14000000 + 2 * i, 0);
  for (const row of few.slice(low.length)) push(row[0], row[1], codes.indexOf(row[2]));
  return {
    name: parseName(name),
    soa: soaOf(name, serial),
    nameServers: { ttlSeconds: 60, names: [parseName(`ns.${name}`)] },
    answers: codes.map((answer) => ({ records: records(answer), lists: [`list-${answer}`] })),
    groups: [{ branches: [{ below: Uint8Array.of(0), addresses: [layer], names: [] }] }],
    ...(failed === undefined ? {} : { failed }),
    ...(keys === undefined ? {} : { keys }),
  };
}

export async function load({ file, delayMs = 0 }) {
  const wish = JSON.parse(readFileSync(file, 'utf8'));
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  if (wish.throws) throw new SourceError(wish.throws);
  if (wish.exits) process.exit(3);
  if (wish.exitsWithout !== undefined && !existsSync(wish.exitsWithout)) {
    writeFileSync(wish.exitsWithout, '');
    process.exit(3);
  }
  return {
    zones: wish.zones.map(zoneOf),
    warnings: wish.warnings ?? [],
    watch: [file],
    ...(wish.nextChangeInMs === undefined
      ? {}
      : { nextChangeAtMs: Date.now() + wish.nextChangeInMs }),
  };
}
