/** A length that no packet may have. */
export interface BadLength {
  readonly badLength: number;
}

/** What is to become of the packets behind the one that was taken. */
export type Taken = 'more' | 'pause' | 'end';

const LENGTH_BYTES = 4;
const NOTHING = Buffer.alloc(0);

/**
 * Cuts a stream into packets: a length of four bytes, big-endian, then so many bytes. Pieces may be
 * cut anywhere. What is incomplete is kept, so a limit of the length bounds the memory.
 */
export class PacketReader {
  readonly #maxBytes: number;
  #kept: Buffer = NOTHING;
  #keptBytes = 0;
  #neededBytes = LENGTH_BYTES;

  /** @param maxBytes longest packet that is taken, without its length */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of a packet that is not complete. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /**
   * Calls `take` with each packet that is complete now, until it gives `end`: then what follows is
   * let go, or `pause`: then it is kept, and read at the next call, which may bring nothing. A
   * packet is only good until the next call.
   */
  read(piece: Buffer, take: (packet: Buffer) => Taken): BadLength | undefined {
    let rest = this.#joined(piece);
    if (rest === undefined) return undefined;
    while (rest.length >= LENGTH_BYTES) {
      const length = rest.readUInt32BE(0);
      if (length === 0 || length > this.#maxBytes) return { badLength: length };
      this.#neededBytes = LENGTH_BYTES + length;
      if (rest.length < this.#neededBytes) break;
      const packet = rest.subarray(LENGTH_BYTES, this.#neededBytes);
      rest = rest.subarray(this.#neededBytes);
      this.#neededBytes = LENGTH_BYTES;
      const taken = take(packet);
      if (taken === 'end') return undefined;
      if (taken === 'pause') break;
    }
    this.#keep(rest);
    return undefined;
  }

  /** All that is there, once it is enough: a packet that comes byte by byte is not joined each time. */
  #joined(piece: Buffer): Buffer | undefined {
    if (this.#keptBytes === 0) return piece;
    const bytes = this.#keptBytes + piece.length;
    if (bytes > this.#kept.length) {
      const larger = Buffer.allocUnsafe(Math.max(bytes, 2 * this.#kept.length));
      this.#kept.copy(larger, 0, 0, this.#keptBytes);
      this.#kept = larger;
    }
    piece.copy(this.#kept, this.#keptBytes);
    this.#keptBytes = bytes;
    if (bytes < this.#neededBytes) return undefined;
    this.#keptBytes = 0;
    return this.#kept.subarray(0, bytes);
  }

  /** A copy, lest a few bytes keep the whole of what the socket gave. */
  #keep(rest: Buffer): void {
    this.#kept = rest.length === 0 ? NOTHING : Buffer.from(rest);
    this.#keptBytes = rest.length;
  }
}
