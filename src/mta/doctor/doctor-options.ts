export interface DoctorOptions {
  /** Names of mail servers to look at; all that are installed where left out. */
  readonly servers?: readonly string[];
  /** The configuration of the one that is named. */
  readonly file?: string;
  /** For each question and each of two tries, milliseconds. */
  readonly questionTimeoutMs: number;
  /** For each program that is run, milliseconds. */
  readonly programTimeoutMs: number;
}
