import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { makeFolder, removeLeftovers, writeFileAtomically } from '../../src/util/atomic-file.js';
import { SystemError } from '../../src/util/errors.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { isRoot } from '../helpers/programs.js';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder, 'list.txt');
});
afterEach(() => {
  vi.restoreAllMocks();
});

const text = (): string => fs.readFileSync(file, 'utf8');
const mode = (path: string): number => fs.statSync(path).mode & 0o777;
/** The id of a process that has ended. */
function deadPid(): number {
  const { pid } = spawnSync('true');
  return pid;
}

test('pieces of text and bytes come in order, in blocks', () => {
  const write = vi.spyOn(fs, 'writeSync');
  const lines = Array.from({ length: 20_000 }, (_, k) => `${k} é\n`);
  writeFileAtomically(file, [...lines, Buffer.from([0xff]), 'end', '']);
  expect(
    fs
      .readFileSync(file)
      .equals(
        Buffer.concat([Buffer.from(lines.join('')), Buffer.from([0xff]), Buffer.from('end')]),
      ),
  ).toBe(true);
  expect(write.mock.calls.length).toBeLessThan(10);
  expect(fs.readdirSync(folder)).toEqual(['list.txt']);
});

test('no piece makes an empty file', () => {
  writeFileAtomically(file, []);
  expect(text()).toBe('');
});

test('fsync is called for file and folder where it was asked for', () => {
  const sync = vi.spyOn(fs, 'fsyncSync');
  writeFileAtomically(file, ['a']);
  expect(sync).not.toHaveBeenCalled();
  writeFileAtomically(file, ['b'], { fsync: true });
  expect(sync).toHaveBeenCalledTimes(2);
});

describe('mode', () => {
  test('of a new file does not depend on the umask', () => {
    const umask = process.umask(0o077);
    try {
      writeFileAtomically(file, ['a']);
      writeFileAtomically(`${file}2`, ['a'], { mode: 0o600 });
    } finally {
      process.umask(umask);
    }
    expect(mode(file)).toBe(0o644);
    expect(mode(`${file}2`)).toBe(0o600);
  });

  test('of an existing file is kept, and for root its owner', () => {
    fs.writeFileSync(file, 'old');
    fs.chmodSync(file, 0o640);
    if (isRoot) fs.chownSync(file, 1234, 2345);
    writeFileAtomically(file, ['new']);
    expect(text()).toBe('new');
    expect(mode(file)).toBe(0o640);
    const { uid, gid } = fs.statSync(file);
    if (isRoot) expect([uid, gid]).toEqual([1234, 2345]);
  });

  test('of folders that are made is 0755, of others as it was', () => {
    fs.mkdirSync(join(folder, 'private'), { mode: 0o700 });
    const umask = process.umask(0o077);
    try {
      makeFolder(join(folder, 'private', 'a', 'b'));
      makeFolder(join(folder, 'private', 'a', 'b'));
    } finally {
      process.umask(umask);
    }
    expect(mode(join(folder, 'private'))).toBe(0o700);
    expect(mode(join(folder, 'private', 'a'))).toBe(0o755);
    expect(mode(join(folder, 'private', 'a', 'b'))).toBe(0o755);
  });
});

test('a symbolic link stays one, its target is written', () => {
  fs.mkdirSync(join(folder, 'etc'));
  const target = join(folder, 'etc', 'real.txt');
  fs.writeFileSync(target, 'old');
  fs.symlinkSync('etc/real.txt', file);
  writeFileAtomically(file, ['new']);
  expect(fs.readlinkSync(file)).toBe('etc/real.txt');
  expect(fs.readFileSync(target, 'utf8')).toBe('new');
});

describe('on failure', () => {
  test('of the pieces nothing is changed and nothing is left', () => {
    fs.writeFileSync(file, 'old');
    function* pieces(): Generator<string> {
      yield 'x'.repeat(100_000);
      throw new TypeError('a defect of the renderer');
    }
    expect(() => writeFileAtomically(file, pieces())).toThrow(TypeError);
    expect(text()).toBe('old');
    expect(fs.readdirSync(folder)).toEqual(['list.txt']);
  });

  test.each(['writeSync', 'fsyncSync', 'fchmodSync', 'renameSync'] as const)('of %s', (name) => {
    fs.writeFileSync(file, 'old');
    vi.spyOn(fs, name).mockImplementation(() => {
      throw Object.assign(new Error('ENOSPC: injected'), { code: 'ENOSPC' });
    });
    const write = (): void => {
      writeFileAtomically(file, ['new'], { fsync: true });
    };
    expect(write).toThrow(SystemError);
    expect(write).toThrow(
      `cannot write ${file}: no space left on the device: make room, then run again`,
    );
    expect(text()).toBe('old');
    expect(fs.readdirSync(folder)).toEqual(['list.txt']);
  });

  test('a folder, a device and a missing folder are told apart', () => {
    expect(() => writeFileAtomically(folder, ['x'])).toThrow(
      `${folder}: it is a folder; name a file`,
    );
    expect(() => writeFileAtomically('/dev/null', ['x'])).toThrow('it is no regular file');
    const missing = join(folder, 'a', 'b');
    expect(() => writeFileAtomically(missing, ['x'])).toThrow(
      `${join(folder, 'a')}: there is no such folder: make it, or name another`,
    );
    expect(() => makeFolder('/dev/null/x')).toThrow(
      'cannot make the folder /dev/null/x: a part of the path is no folder: name another path',
    );
  });
});

describe('leftovers', () => {
  test('of a dead process go at the first write, others stay', () => {
    const dead = `.list.txt.${deadPid()}-0123456789ab.tmp`;
    // of an earlier process that had our id: containers start at the same one each time
    const namesake = `.list.txt.${process.pid}-0123456789ab.tmp`;
    const alive = `.list.txt.${process.ppid}-0123456789ab.tmp`;
    const foreign = ['.list.txt.tmp', 'list.txt.1-0123456789ab.tmp', '.x.1-0123.tmp'];
    for (const name of [dead, namesake, alive, ...foreign])
      fs.writeFileSync(join(folder, name), '');
    writeFileAtomically(file, ['x']);
    expect(fs.readdirSync(folder).sort()).toEqual(['list.txt', alive, ...foreign].sort());
  });

  test('in a folder that is missing are an error', () => {
    expect(() => removeLeftovers(join(folder, 'no'))).toThrow(SystemError);
  });
});
