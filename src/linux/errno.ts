import { constants } from 'node:os';

import { SystemError } from '../util/errors.js';

/** Numbers that several names stand for are given the name that manual pages use. */
const PREFERRED = ['EAGAIN', 'EOPNOTSUPP'];

/** Not in the C library's errno.h; nf_tables gives it for a generation that has passed. */
const ERESTART = 85;

const NAMES = new Map<number, string>([[ERESTART, 'ERESTART']]);
for (const [name, number] of Object.entries(constants.errno)) {
  if (!NAMES.has(number) || PREFERRED.includes(name)) NAMES.set(number, name);
}

/** The name of an error number as in errno(3), such as `EPERM` for 1. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`;
}

/**
 * A call or a request that the kernel refused. Unless the message says otherwise nothing was
 * changed. `code` is the name of errno(3), as Node's own system errors carry it.
 */
export class KernelError extends SystemError {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
