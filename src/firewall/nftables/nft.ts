import { randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SystemError } from '../../util/errors.js';
import { type RunResult, runProgram } from '../../util/run-program.js';
import type { Json } from './expressions.js';

const ORIGIN = 'the Debian package nftables';

/** One object of a listing (libnftables-json(5)), such as `{ "chain": { … } }`. */
export type NftObject = Readonly<Record<string, unknown>>;

/** Runs nft with arguments. @throws SystemError where it is missing or hangs */
export async function nft(args: readonly string[], input = ''): Promise<RunResult> {
  return runProgram('nft', args, { input, origin: ORIGIN });
}

/**
 * Runs libnftables JSON commands as one transaction.
 *
 * @throws SystemError with nft's own words; the kernel is unchanged then
 */
export async function runCommands(commands: readonly Json[]): Promise<void> {
  if (commands.length === 0) return;
  await runCommandText(JSON.stringify({ nftables: commands }));
}

/**
 * Runs the text of such commands. It goes through a file: nft 1.0 cannot open a socket as
 * /dev/stdin, and Node gives children sockets. The file has lost its name before it is written,
 * so that whoever is killed here leaves nothing behind.
 *
 * @throws SystemError as `runCommands`
 */
export async function runCommandText(text: string): Promise<void> {
  const file = openNameless();
  try {
    writeFileSync(file, text);
    const { code, stderr } = await runProgram('nft', ['-j', '-f', '-'], {
      inputFile: file,
      origin: ORIGIN,
    });
    assertDone(code, stderr);
  } finally {
    closeSync(file);
  }
}

function openNameless(): number {
  const path = join(tmpdir(), `sekisho-${randomUUID()}`);
  const file = openSync(path, 'wx+', 0o600);
  rmSync(path);
  return file;
}

/** Runs nft's own language as one transaction. @throws SystemError as `runCommands` */
export async function runScript(script: string): Promise<void> {
  const { code, stderr } = await nft(['-f', '-'], script);
  assertDone(code, stderr);
}

function assertDone(code: number, stderr: string): void {
  if (code !== 0) throw new SystemError(`nft refused, the kernel is unchanged: ${reason(stderr)}`);
}

/** Lists as objects; undefined where there is no such thing. @throws SystemError */
export async function list(...what: readonly string[]): Promise<NftObject[] | undefined> {
  const { code, stdout, stderr } = await nft(['-j', ...what]);
  if (code === 0) return objectsIn(stdout);
  if (/No such file or directory/.test(stderr)) return undefined;
  throw new SystemError(`nft cannot list: ${reason(stderr)}`);
}

/** nft 1.0.6 ends in the middle where a table has a flag and nothing else. */
function objectsIn(json: string): NftObject[] {
  try {
    return (JSON.parse(json) as { nftables: NftObject[] }).nftables;
  } catch (error) {
    throw new SystemError(
      `nft printed ${JSON.stringify(json.slice(-60))} at the end; expected whole JSON; where ` +
        'others gave the table inet sekisho flags, `nft add table inet sekisho` takes them away',
      { cause: error },
    );
  }
}

/** The first line that says something, with a hint where the kernel's word is cryptic. */
export function reason(stderr: string): string {
  const line = stderr.split('\n').find((text) => /error/i.test(text)) ?? stderr.trim();
  const text = line.replace(/^.*?Error: /, '').trim();
  if (/Operation not permitted/.test(text)) return `${text}; run as root (CAP_NET_ADMIN)`;
  if (/Message too long/.test(text)) {
    return `${text}; the kernel takes no message of this size here (seen in containers): use a smaller list`;
  }
  return text === '' ? 'it said nothing' : text;
}
