/*
 * Loaded with `node --import`: the clock that a program reads is off by the milliseconds that
 * stand in the file SHIFT_FILE, and jumps when another number is written there. Timers go on as
 * they are, as those of the kernel do when somebody sets the clock.
 */
import { readFileSync } from 'node:fs';

const RealDate = Date;
const file = process.env.SHIFT_FILE;
/** A clock that is read ten thousand times a second reads no file each time. */
const FRESH_MS = 20;
let shiftMs = 0;
let readAtMs = -Infinity;

function now() {
  const monotonicMs = performance.now();
  if (monotonicMs - readAtMs > FRESH_MS) {
    readAtMs = monotonicMs;
    shiftMs = Number(readFileSync(file, 'utf8'));
  }
  return RealDate.now() + shiftMs;
}

globalThis.Date = class Date extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(now());
    else super(...parts);
  }

  static now() {
    return now();
  }
};
