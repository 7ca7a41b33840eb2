/** Exit codes of every command; `status` and `doctor` read 0, 1 and 3 as healthy, failed, warning. */
export const EXIT = { done: 0, failed: 1, usage: 2, partial: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * An error whose message is meant for the user: what was found, what was expected, what to
 * do. `main` prints it without a stack. Everything else that is thrown is a defect and keeps
 * its stack.
 */
export abstract class KnownError extends Error {
  abstract readonly exitCode: ExitCode;
}

/** Wrong words on the command line, a wrong configuration, or a wish that cannot be granted. */
export class UsageError extends KnownError {
  override readonly name = 'UsageError';
  readonly exitCode = EXIT.usage;
}

/** A source of data is missing, damaged or not plausible; whatever was there before stays. */
export class SourceError extends KnownError {
  override readonly name = 'SourceError';
  readonly exitCode = EXIT.failed;
}

/** A text that should have followed a grammar did not; names the place. */
export class ParseError extends KnownError {
  override readonly name = 'ParseError';
  readonly exitCode = EXIT.failed;
}

/** The system refused a file or a program; nothing was changed. */
export class SystemError extends KnownError {
  override readonly name = 'SystemError';
  readonly exitCode = EXIT.failed;
}

/** The message of whatever was thrown, with the cause's where it says more (undici, fetch). */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { cause } = thrown;
  const inner = cause instanceof Error ? messageOf(cause) : '';
  if (inner === '' || thrown.message.includes(inner)) return thrown.message;
  return `${thrown.message}: ${inner}`;
}

/** Whatever was thrown with its stack: what a defect is told by. */
export function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

/** A known error in its own words, a defect with its stack. */
export function faultOf(thrown: unknown): string {
  return thrown instanceof KnownError ? thrown.message : stackOf(thrown);
}

/** The system's code of an error (`ENOENT`, `ECONNREFUSED`, `UND_ERR_…`), where it has one. */
export function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  if ('code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return thrown.cause === undefined ? undefined : codeOf(thrown.cause);
}
