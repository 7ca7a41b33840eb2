import type { AccessLayers, Branch, Group, ZoneAnswer } from '../zone/zone-source.js';
import { AclReader } from './acl.js';
import { AnswerTable } from './answers.js';
import { CombinedParts } from './combined.js';
import { DOLLAR, COLON, Line, isComment, scanAddresses, scanned, takeLine } from './line.js';
import type { ReadContext, ReadSettings, Scope, SetReader } from './set-reader.js';
import { type Header, readSpecial } from './specials.js';
import { SET_READERS, type SetType } from './set-types.js';
import { type Warning, Warnings } from './warnings.js';

export type DatasetType = SetType | 'combined' | 'acl';

/** One file as it was read. */
export interface ZoneFile {
  readonly name: string;
  /** Pieces of whole lines; only the last one may lack its newline. */
  readonly pieces: Iterable<Uint8Array>;
  /** Looked at when all pieces are read. */
  readonly modifiedMs: number;
}

/** What the files of a dataset hold. */
export interface Dataset {
  readonly header: Header;
  /** Of the newest file, in seconds since 1970: the serial of a `$SOA` that has 0. */
  readonly stampSeconds: number;
  readonly answers: readonly ZoneAnswer[];
  /** Of all types but acl. */
  readonly group: Group | undefined;
  /** Of type acl. */
  readonly access: AccessLayers | undefined;
  /** Lines that were taken, without default lines and special entries. */
  readonly entryCount: number;
}

export interface DatasetReading {
  /** Why there is no dataset; one of both is there. */
  readonly failure?: string;
  readonly dataset?: Dataset;
  /** The first ones. */
  readonly warnings: readonly Warning[];
  readonly warningCount: number;
}

/** Where nothing can be read on; the message is for the user. Pieces of a file may throw it, too. */
export class Unreadable extends Error {}

const ROOT = Uint8Array.of(0);

/**
 * Reads the files of a dataset as rbldnsd does, as one. A wrong line is told of and left out.
 * The whole fails where a `$TIMESTAMP` is in the future, where a combined file does not begin
 * with `$DATASET` or names a type that there is not, and where lines were refused and no entry
 * is left.
 */
export function readDataset(
  type: DatasetType,
  files: readonly ZoneFile[],
  settings: ReadSettings,
): DatasetReading {
  const reading = new Reading(type, settings);
  const { told, count } = reading.context.warnings;
  const counted = { warnings: told, warningCount: count };
  try {
    for (const file of files) reading.readFile(file);
    const dataset = reading.finish(files);
    return { dataset, ...counted, warningCount: reading.context.warnings.count };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { failure: error.message, ...counted, warningCount: reading.context.warnings.count };
  }
}

/** So many addresses are handed on at once. */
const BLOCK = 1 << 11;

class Reading {
  readonly context: ReadContext;
  readonly #type: DatasetType;
  readonly #scope: Scope;
  readonly #header: Header = {};
  readonly #answers = new AnswerTable();
  readonly #block = new Uint32Array(BLOCK);
  readonly #reader: SetReader | AclReader | CombinedParts;

  constructor(type: DatasetType, settings: ReadSettings) {
    this.#type = type;
    this.context = { settings, warnings: new Warnings(), maxRange4: 0, entries: 0, refused: 0 };
    this.#scope = { ttlSeconds: settings.defaultTtlSeconds, substitutions: {} };
    if (type === 'acl') this.#reader = new AclReader(this.context, this.#scope);
    else if (type === 'combined') this.#reader = new CombinedParts(this.context, this.#scope);
    else this.#reader = SET_READERS[type](this.context, this.#scope);
  }

  readFile({ name, pieces }: ZoneFile): void {
    const reader = this.#reader;
    if (!(reader instanceof CombinedParts)) reader.startFile(name);
    const line = new Line(name);
    let current: SetReader | undefined = reader instanceof CombinedParts ? undefined : reader;
    for (const piece of pieces) {
      line.bytes = piece;
      current = this.#readPiece(line, current);
    }
  }

  /** @returns the part of a combined dataset that the next piece goes on with */
  #readPiece(line: Line, reader: SetReader | undefined): SetReader | undefined {
    const { bytes } = line;
    let current = reader;
    for (let next = 0; next < bytes.length;) {
      if (current?.readAddresses !== undefined) {
        const from = next;
        next = scanAddresses(bytes, from, this.#block);
        if (next > from) {
          line.number += scanned.count;
          current.readAddresses(this.#block.subarray(0, scanned.count));
          continue;
        }
      }
      next = takeLine(line, next);
      current = this.#readLine(line, current);
      if (next > bytes.length) {
        this.context.warnings.add(line, 'a newline at the end of the file (the line was read)');
      }
    }
    return current;
  }

  #readLine(line: Line, current: SetReader | undefined): SetReader | undefined {
    const byte = line.peek();
    const sign = byte === DOLLAR ? 1 : isMarked(byte) && line.peek(1) === DOLLAR ? 2 : 0;
    if (sign > 0) {
      line.at += sign;
      this.#readSpecial(line);
      return this.#reader instanceof CombinedParts ? this.#reader.current?.reader : current;
    }
    if (byte === 0 || isComment(byte)) return current;
    if (current === undefined) {
      throw new Unreadable(`${place(line)}: an entry before the first $DATASET line`);
    }
    current.readLine(line);
    return current;
  }

  finish(files: readonly ZoneFile[]): Dataset {
    const reader = this.#reader;
    const isAcl = reader instanceof AclReader;
    const access = isAcl ? reader.finishAccess(this.#answers) : undefined;
    const group = isAcl ? undefined : this.#finishGroup(reader);
    if (this.context.entries === 0 && this.context.refused > 0) {
      const names = files.map(({ name }) => name).join(', ');
      throw new Unreadable(
        `${names}: none of ${this.context.refused} lines could be read as ${this.#type}`,
      );
    }
    const newestMs = Math.max(0, ...files.map(({ modifiedMs }) => modifiedMs));
    return {
      header: this.#header,
      stampSeconds: Math.floor(newestMs / 1000),
      answers: this.#answers.answers,
      group,
      access,
      entryCount: this.context.entries,
    };
  }

  #readSpecial(line: Line): void {
    const text = line.rest();
    const combined = this.#reader instanceof CombinedParts ? this.#reader : undefined;
    const result =
      combined?.readStart(text, line) ??
      readSpecial(text, {
        context: this.context,
        header: this.#header,
        scope: this.#scope,
        part: combined?.current?.scope,
        isAcl: this.#type === 'acl',
      });
    if (result === true) return;
    if ('failure' in result) throw new Unreadable(`${place(line)}: ${result.failure}`);
    this.context.warnings.add(line, result.expected);
  }

  #finishGroup(reader: SetReader | CombinedParts): Group {
    if (reader instanceof CombinedParts) return { branches: reader.finish(this.#answers) };
    const branch: Branch = { below: ROOT, ...reader.finish(this.#answers) };
    return { branches: [branch] };
  }
}

/** `#$`, `;$` and `:$` begin a special entry too. */
function isMarked(byte: number): boolean {
  return isComment(byte) || byte === COLON;
}

function place(line: Line): string {
  return `${line.file}:${line.number}`;
}
