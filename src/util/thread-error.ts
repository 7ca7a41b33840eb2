import { EXIT, KnownError, SourceError, UsageError, messageOf } from './errors.js';

/** An error on its way from one thread to another, where its class is lost. */
export interface TellableError {
  readonly message: string;
  /** Of an error that is meant for the user; undefined for a defect, whose message is a stack. */
  readonly exitCode: number | undefined;
}

/** What was thrown, for another thread. */
export function tellableOf(error: unknown): TellableError {
  if (error instanceof KnownError) return { message: error.message, exitCode: error.exitCode };
  const message = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  return { message, exitCode: undefined };
}

/** The other way round: an error that its exit code tells, as it may be thrown here. */
export function errorOfTold({ message, exitCode }: TellableError): Error {
  if (exitCode === EXIT.usage) return new UsageError(message);
  if (exitCode !== undefined) return new SourceError(message);
  const error = new Error(message);
  error.stack = message;
  return error;
}
