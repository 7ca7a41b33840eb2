import { KnownError, SystemError } from '../../util/errors.js';

/**
 * Does work for each item, one after the other, also where it failed for one before.
 *
 * @throws SystemError with every message, when all were tried
 */
export async function forEachOf<T>(
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const messages: string[] = [];
  for (const item of items) {
    try {
      await work(item);
    } catch (error) {
      if (!(error instanceof KnownError)) throw error;
      messages.push(error.message);
    }
  }
  if (messages.length > 0) throw new SystemError(messages.join('; '));
}
