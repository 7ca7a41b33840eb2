import { EXIT, KnownError, SourceError, UsageError, faultOf } from './errors.js';

/** An error on its way from one thread or process to another, where its class is lost. */
export interface TellableError {
  readonly message: string;
  /** Of an error that is meant for the user; undefined for a defect, whose message is a stack. */
  readonly exitCode: number | undefined;
}

/** What was thrown, for another thread or process. */
export function tellableOf(error: unknown): TellableError {
  const exitCode = error instanceof KnownError ? error.exitCode : undefined;
  return { message: faultOf(error), exitCode };
}

/** The other way round: an error that its exit code tells, as it may be thrown here. */
export function errorOfTold({ message, exitCode }: TellableError): Error {
  if (exitCode === EXIT.usage) return new UsageError(message);
  if (exitCode !== undefined) return new SourceError(message);
  const error = new Error(message);
  error.stack = message;
  return error;
}
