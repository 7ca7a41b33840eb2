import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import { passingPlaces, protectHome } from '../../src/install/passing-places.js';
import { defaultSchedule, installSettings } from '../../src/install/settings.js';
import { temporaryFolder } from '../helpers/cleanup.js';

const CONFIG = '/etc/sekisho/sekisho.yaml';
const PROGRAM = { node: '/usr/bin/node', main: '/usr/lib/node_modules/sekisho/dist/main.js' };

/** Settings from this text of a configuration, below a prefix. */
async function settingsOf(
  text: string,
  program = PROGRAM,
): Promise<ReturnType<typeof installSettings>> {
  const prefix = await temporaryFolder();
  await mkdir(dirname(join(prefix, CONFIG)), { recursive: true });
  await writeFile(join(prefix, CONFIG), text);
  return installSettings(prefix, CONFIG, program);
}

test('without a configuration, the defaults', async () => {
  const settings = installSettings(await temporaryFolder(), CONFIG, PROGRAM);
  expect(settings).toEqual({
    ...PROGRAM,
    config: CONFIG,
    state: '/var/lib/sekisho',
    writable: ['/etc/sekisho'],
    schedule: defaultSchedule(),
    queryLog: undefined,
  });
});

test('what services write to is what the configuration names, without what is in another folder', async () => {
  const settings = await settingsOf(`
state: /srv/registries
lists:
  a: { file: lists/a.txt }
  b: { file: ../sekisho-lists/b.txt }
exports:
  - { format: cidr, file: '/srv/www/{list}/all.txt' }
  - { format: nft, file: /srv/www/deep/er/x.nft }
dnsbl:
  query_log: { file: /var/log/queries.log }
  zones: [{ name: bl.example.net, kind: country }]
schedule: '1 2 * * 3'
`);
  expect(settings).toMatchObject({
    state: '/srv/registries',
    schedule: '1 2 * * 3',
    queryLog: '/var/log/queries.log',
  });
  expect(settings.writable).toEqual(['/etc/sekisho', '/etc/sekisho-lists', '/srv/www', '/var/log']);
});

test('a wrong configuration is told of', async () => {
  await expect(settingsOf('stat: x')).rejects.toThrow(/sekisho\.yaml:1: stat: found .*"stat"/);
});

test.each([
  '/srv/100%',
  '/srv/$HOME',
  '/srv/"x"',
  "/srv/it's",
  '/srv/a\\b',
  '/srv/@STATE@',
  '/srv/#1',
])('the path %s is refused', async (state) => {
  await expect(settingsOf(`state: ${JSON.stringify(state)}`)).rejects.toThrow(
    /found ".+" in the path \/srv.*; expected letters/,
  );
});

test('paths with blanks, letters of all the world and versions are taken', async () => {
  const state = '/srv/関所 état@1.2/x_y-z';
  expect((await settingsOf(`state: ${JSON.stringify(state)}`)).state).toBe(state);
});

test('a host has its minute, and others another', () => {
  const schedules = Array.from({ length: 50 }, (_, number) => defaultSchedule(`host${number}`));
  expect(defaultSchedule('host7')).toBe(schedules[7]);
  expect(new Set(schedules).size).toBeGreaterThan(20);
  for (const schedule of schedules) expect(schedule).toMatch(/^[1-5]?\d 4 \* \* \*$/);
});

test.each<[main: string, said: RegExp | undefined]>([
  [PROGRAM.main, undefined],
  ['/usr/local/lib/node_modules/sekisho/dist/main.js', undefined],
  ['/root/.npm/_npx/1f/node_modules/sekisho/dist/main.js', /npx's cache/],
  ['/home/a/.nvm/versions/node/v20/lib/node_modules/sekisho/dist/main.js', /version of Node\.js/],
  ['/tmp/x/dist/main.js', /temporary files/],
  ['/home/a/sekisho/dist/main.js', /home folder/],
])('%s', async (main, said) => {
  const settings = await settingsOf('', { ...PROGRAM, main });
  const told = passingPlaces(settings);
  expect(told).toHaveLength(said === undefined ? 0 : 1);
  if (said !== undefined) expect(told[0]).toMatch(said);
  const isInHome = /^\/(home|root)/.test(main);
  expect(protectHome(settings)).toBe(isInHome ? 'read-only' : 'yes');
});
