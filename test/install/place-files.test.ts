import { mkdir, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { beforeEach, describe, expect, test } from 'vitest';

import { type Placed, placeFiles } from '../../src/install/place-files.js';
import type { WantedFile } from '../../src/install/places.js';
import { RECORD_FILE } from '../../src/install/places.js';
import { readRecord } from '../../src/install/record.js';
import { type Removed, removeFiles, removeState } from '../../src/install/remove-files.js';
import { temporaryFolder } from '../helpers/cleanup.js';

const UNIT = '/etc/systemd/system/sekisho.service';
const CONFIG = '/etc/sekisho/sekisho.yaml';
const STATE = '/var/lib/sekisho';

let prefix: string;

beforeEach(async () => {
  prefix = await temporaryFolder();
});

function wanted(unit: string, config = 'example'): WantedFile[] {
  return [
    { path: CONFIG, text: config, mode: 0o644, kind: 'example' },
    { path: UNIT, text: unit, mode: 0o755, kind: 'part' },
  ];
}

const place = (unit: string, config?: string): Placed['outcome'][] =>
  placeFiles(prefix, wanted(unit, config), STATE).map(({ outcome }) => outcome);

function remove(): readonly Removed[] {
  const record = readRecord(prefix);
  if (record === undefined) throw new Error('no record');
  return removeFiles(prefix, record);
}

const read = (path: string): Promise<string> => readFile(join(prefix, path), 'utf8');

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(prefix, path)), { recursive: true });
  await writeFile(join(prefix, path), text);
}

/** Every file and folder below the prefix. */
async function everything(): Promise<string[]> {
  return (await readdir(prefix, { recursive: true })).sort();
}

describe('install', () => {
  test('writes, twice the same, and replaces what nobody changed', async () => {
    expect(place('one')).toEqual(['written', 'written']);
    expect((await stat(join(prefix, UNIT))).mode & 0o777).toBe(0o755);
    expect((await stat(join(prefix, STATE))).isDirectory()).toBe(true);
    const before = await everything();
    expect(place('one')).toEqual(['same', 'same']);
    expect(await everything()).toEqual(before);
    expect(place('two')).toEqual(['same', 'replaced']);
    expect(await read(UNIT)).toBe('two');
  });

  test('leaves what somebody changed, and puts the new text beside it until it is taken', async () => {
    place('one');
    await write(UNIT, 'mine');
    expect(place('two')).toEqual(['same', 'left']);
    expect(await read(UNIT)).toBe('mine');
    expect(await read(`${UNIT}.dpkg-dist`)).toBe('two');
    await write(UNIT, 'two');
    expect(place('two')).toEqual(['same', 'same']);
    expect(await everything()).not.toContain(`${UNIT}.dpkg-dist`.slice(1));
  });

  test("leaves somebody else's file, and one that is masked", async () => {
    await write(UNIT, 'theirs');
    expect(place('one')).toEqual(['written', 'left']);
    expect(await read(UNIT)).toBe('theirs');
    await rm(join(prefix, UNIT));
    await symlink('/dev/null', join(prefix, UNIT));
    expect(place('one')).toEqual(['same', 'left']);
    expect(remove()).toContainEqual({ path: `${UNIT}.dpkg-dist`, outcome: 'removed' });
    expect(await everything()).toContain(UNIT.slice(1));
  });

  test('never touches a configuration that is there', async () => {
    await write(CONFIG, 'edited');
    expect(place('one')).toEqual(['kept', 'written']);
    // nor a new version one that it wrote itself and that is in use
    await rm(join(prefix, CONFIG));
    place('one', 'example');
    expect(place('one', 'another example')).toEqual(['kept', 'same']);
    expect(await read(CONFIG)).toBe('example');
  });

  test('a damaged record is told of, and nothing is written', async () => {
    await write(RECORD_FILE, '{"files": 7}');
    expect(() => place('one')).toThrow(/\.installed\.json is damaged; expected/);
    expect(await everything()).not.toContain(UNIT.slice(1));
  });

  test('a run that was cut off can be taken back', async () => {
    place('one');
    // as after a kill between record and file
    const old = await read(UNIT);
    place('two');
    await write(UNIT, old);
    expect(remove()).toContainEqual({ path: UNIT, outcome: 'removed' });
  });
});

describe('uninstall', () => {
  test('leaves nothing of what was written, and everything else', async () => {
    await write('/etc/systemd/system/other.service', 'theirs');
    const before = await everything();
    place('one');
    expect(remove().map(({ outcome }) => outcome)).toEqual(['removed', 'removed']);
    expect(await everything()).toEqual(before);
  });

  test('leaves what was edited, and data, with their folders', async () => {
    place('one');
    await write(CONFIG, 'edited');
    await write(`${STATE}/lock`, '');
    expect(remove()).toEqual([
      { path: CONFIG, outcome: 'left' },
      { path: UNIT, outcome: 'removed' },
    ]);
    expect(await everything()).toEqual(
      [
        'etc',
        'etc/sekisho',
        CONFIG.slice(1),
        'var',
        'var/lib',
        STATE.slice(1),
        `${STATE}/lock`.slice(1),
      ].sort(),
    );
  });

  test('removes the state only where install made it', async () => {
    place('one');
    await write(`${STATE}/lock`, '');
    const record = readRecord(prefix);
    if (record === undefined) throw new Error('no record');
    expect(removeState(prefix, { ...record, folders: [] })).toBe(false);
    expect(removeState(prefix, { ...record, state: '/etc/sekisho' })).toBe(false);
    expect(removeState(prefix, record)).toBe(true);
    remove();
    expect(await everything()).toEqual([]);
  });
});
