/** Where a job says what a person should know: a command prints it, the daemon logs it. */
export interface Voice {
  /** A remark. */
  readonly note: (text: string) => void;
  /** Something that went wrong, or was left undone. */
  readonly warn: (text: string) => void;
}
