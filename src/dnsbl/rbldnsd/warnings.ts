import { type Line, textOf } from './line.js';

/** A line that was not read, or not as it stands; the rest of the file serves. */
export interface Warning {
  readonly file: string;
  /** 1-based; 0 where no single line is meant. */
  readonly line: number;
  readonly found: string;
  readonly expected: string;
}

/** As many as rbldnsd tells. */
const MOST_TOLD = 5;
const LONGEST_FOUND = 80;

/** The first warnings of a dataset, and how many there are. */
export class Warnings {
  readonly told: Warning[] = [];
  count = 0;

  /** About the line as it stands in its file. */
  add(line: Line, expected: string): void {
    if (++this.count > MOST_TOLD) return;
    const { bytes, file, number } = line;
    let start = line.end;
    while (start > 0 && bytes[start - 1] !== 0x0a) start--;
    const found = textOf(bytes, start, line.end);
    this.told.push({ file, line: number, found: readable(found), expected });
  }

  addText(file: string, line: number, found: string, expected: string): void {
    if (++this.count <= MOST_TOLD) {
      this.told.push({ file, line, found: readable(found), expected });
    }
  }
}

/** Cuts a text and takes out what a terminal would take for commands. */
function readable(text: string): string {
  const clean = text.trim().replace(/[^\x20-\x7e]/g, '?');
  return clean.length > LONGEST_FOUND ? `${clean.slice(0, LONGEST_FOUND)}…` : clean;
}
