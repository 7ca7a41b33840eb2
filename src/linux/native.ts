import { createRequire } from 'node:module';

import type koffi from 'koffi';

import { messageOf } from '../util/errors.js';
import { KernelError } from './errno.js';

type Koffi = typeof koffi;
type KoffiFunction = ReturnType<ReturnType<Koffi['load']>['func']>;

/** A BigInt is an address, as of memory that was laid out before. */
export type NativeArgument = number | bigint | Uint8Array | null;

export type NativeCall = (...args: readonly NativeArgument[]) => number;

/** Functions of the C library, and the errno that the last of them left. */
export interface Native {
  /** Declares a function by its C prototype, as in `int close(int fd)`. */
  declare(prototype: string): NativeCall;
  errno(): number;
  /** Where an array's memory lies; it stays there for as long as the array is reachable. */
  addressOf(memory: ArrayBuffer): bigint;
  /**
   * Calls a declared function on another thread, so that this one can go on meanwhile. What the
   * arguments point to has to stay as it is. errno is lost: it is that of the other thread.
   */
  aside(call: NativeCall, ...args: readonly NativeArgument[]): Promise<number>;
}

export type Availability = { readonly ok: true } | { readonly ok: false; readonly reason: string };

let loaded: Native | undefined;
let refused: KernelError | undefined;
let obstacle: string | undefined;

/**
 * Loads koffi and opens the C library of this very process (whichever it is, glibc or musl) at
 * the first call, which takes some ten milliseconds; every other command goes without.
 *
 * @throws KernelError (ENOSYS) where koffi is not installed or has no build for this machine
 */
export function loadNative(): Native {
  if (refused !== undefined) throw refused;
  try {
    loaded ??= openLibrary();
    return loaded;
  } catch (error) {
    obstacle = `native calls are not available: ${reasonOf(error)}`;
    refused = new KernelError(
      'ENOSYS',
      `${obstacle}; ` +
        'install the package koffi (npm install koffi), or let the program nft do the work',
    );
    throw refused;
  }
}

/** Whether {@link loadNative} works here, and if not why; asks only once. */
export function available(): Availability {
  try {
    loadNative();
    return { ok: true };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return { ok: false, reason: error.message };
  }
}

/** Why {@link loadNative} does not work here, without advice; undefined where it does. */
export function nativeObstacle(): string | undefined {
  return available().ok ? undefined : obstacle;
}

function openLibrary(): Native {
  if (process.platform !== 'linux') throw new Error(`${process.platform} is not Linux`);
  const module = createRequire(import.meta.url)('koffi') as Koffi;
  const library = module.load(null);
  return {
    declare: (prototype) => library.func(prototype),
    errno: () => module.errno(),
    addressOf: (memory) => module.address(memory),
    aside: (call, ...args) =>
      new Promise((resolve, reject) => {
        (call as KoffiFunction).async(...args, (error: unknown, result: number) => {
          if (error instanceof Error) reject(error);
          else resolve(result);
        });
      }),
  };
}

/** Only the first line: Node adds a list of every file that asked for the package. */
function reasonOf(error: unknown): string {
  return messageOf(error).split('\n', 1).join('');
}
