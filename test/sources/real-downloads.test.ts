import { readFileSync } from 'node:fs';

import { expect } from 'vitest';

import type { RegistryName } from '../../src/config/registry-names.js';
import { fetchRegistries } from '../../src/sources/fetch.js';
import { readStored } from '../../src/sources/store.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { SHORT_LIMITS } from '../helpers/fetching.js';
import { TestServer } from '../helpers/http-server.js';
import { sharedDataTest, sharedFile } from '../helpers/shared-data.js';

const readRegistryFile = (name: string): Buffer => readFileSync(sharedFile(name));

async function fetchFile(state: string, registry: RegistryName, file: Buffer, md5?: Buffer) {
  const server = await TestServer.start({
    '/file': { body: file },
    ...(md5 && { '/file.md5': { body: md5 } }),
  });
  const report = await fetchRegistries({
    state,
    registries: [{ name: registry, title: registry, urls: [server.url('/file')] }],
    countries: new Set(['KR', 'CN', 'TW', 'HK', 'JP', 'BR', 'ZA']),
    userAgent: 'sekisho/test',
    environment: {},
    limits: { ...SHORT_LIMITS, maxBytes: 2 ** 23, idleMs: 2000, totalMs: 10_000 },
  });
  const [outcome] = report.outcomes;
  if (outcome === undefined) throw new Error('no outcome');
  return outcome;
}

const DAMAGED = [
  ['apnic-20241117-resumed', /: line \d+: found .*first of \d+ bad lines.*; expected a /],
  ['iana-20190911-resumed', /: found registry "iana" \(IANA's file names no countries\)/],
] as const;

for (const [name, reason] of DAMAGED) {
  sharedDataTest(`damaged/delegated-${name} is refused`, async () => {
    const state = await temporaryFolder();
    const good = readRegistryFile('delegated-apnic-20250904');
    expect((await fetchFile(state, 'apnic', good)).outcome).toBe('updated');
    const damaged = readRegistryFile(`damaged/delegated-${name}`);
    const { outcome, message } = await fetchFile(state, 'apnic', damaged);
    expect(outcome).toBe('refused');
    expect(message).toMatch(reason);
    expect(good.equals(readStored(state, 'apnic')?.bytes ?? Buffer.of())).toBe(true);
  });
}

const WITH_MD5 = [
  ['apnic', 'apnic'],
  ['lacnic', 'lacnic'],
  ['afrinic', 'afrinic'],
  ['afrinic', 'afrinic-extended'],
] as const;

for (const [registry, name] of WITH_MD5) {
  sharedDataTest(`md5/delegated-${name}-latest agrees with its md5`, async () => {
    const file = readRegistryFile(`md5/delegated-${name}-latest`);
    const md5 = readRegistryFile(`md5/delegated-${name}-latest.md5`);
    expect(await fetchFile(await temporaryFolder(), registry, file, md5)).toMatchObject({
      outcome: 'updated',
      notes: [],
    });
  });
}

sharedDataTest('APNIC is brought from January to June 2026, and not back', async () => {
  const state = await temporaryFolder();
  const january = readRegistryFile('delegated-apnic-20260131');
  const june = readRegistryFile('delegated-apnic-20260618');
  expect((await fetchFile(state, 'apnic', january)).outcome).toBe('updated');
  expect(await fetchFile(state, 'apnic', june)).toMatchObject({
    outcome: 'updated',
    oldSerial: '20260131',
    newSerial: '20260618',
  });
  const back = await fetchFile(state, 'apnic', january);
  expect(back.message).toMatch(/its serial goes back from 20260618 to 20260131/);
});
