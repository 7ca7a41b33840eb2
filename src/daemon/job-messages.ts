import type { RefreshedFeeds } from '../jobs/refresh-feeds.js';
import type { Tended } from '../jobs/tend.js';
import type { ExitCode } from '../util/errors.js';

/** A piece of work for a process of its own, which gives its memory back when it ends. */
export type Job =
  | {
      readonly kind: 'update';
      /** Done already where an update began at or after this moment; milliseconds since 1970. */
      readonly dueMs: number;
    }
  | { readonly kind: 'tend'; readonly repair: boolean }
  /** The feeds that are due by then, by their own intervals. */
  | { readonly kind: 'feeds' };

/** What a job's process is given: the text that was checked, not whatever its file holds by now. */
export interface JobRequest {
  readonly job: Job;
  readonly text: string;
  readonly file: string | undefined;
}

/** How a job ended. */
export type JobResult =
  | { readonly kind: 'update'; readonly exitCode: ExitCode }
  | { readonly kind: 'tend'; readonly tended: Tended }
  | { readonly kind: 'feeds'; readonly refreshed: RefreshedFeeds }
  /** Another run did it, or is at it, which was said. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'failed'; readonly message: string; readonly isDefect: boolean };

/** What a job's process sends. */
export type JobMessage =
  { readonly say: 'note' | 'warn'; readonly text: string } | { readonly result: JobResult };
