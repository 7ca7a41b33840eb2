/** Who asks: one object a transport, filled anew for each query. */
export class Client {
  family: 4 | 6 = 4;
  /** IPv4 in the first word; IPv6 in all four. */
  readonly words = new Uint32Array(4);

  set4(address: number): void {
    this.family = 4;
    this.words[0] = address;
  }

  /** An IPv4 client of a socket for both families (`::ffff:a.b.c.d`) is an IPv4 client. */
  set6(bytes: Uint8Array, at: number): void {
    for (let k = 0; k < 4; k++) {
      const i = at + 4 * k;
      this.words[k] =
        (((bytes[i] as number) << 24) |
          ((bytes[i + 1] as number) << 16) |
          ((bytes[i + 2] as number) << 8) |
          (bytes[i + 3] as number)) >>>
        0;
    }
    this.family = 6;
    if (this.words[0] === 0 && this.words[1] === 0 && this.words[2] === 0xffff) {
      this.set4(this.words[3] as number);
    }
  }
}
