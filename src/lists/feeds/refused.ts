/** Why a download is not taken: what was found, what was expected. The last copy stays. */
export class FeedRefused extends Error {
  /** Whether only the comparison with the last copy speaks against it, which can be waived. */
  readonly isJump: boolean;

  constructor(message: string, isJump = false) {
    super(message);
    this.isJump = isJump;
  }
}
