import { parentPort } from 'node:worker_threads';

import { tellableOf } from '../../../util/thread-error.js';
import { ListsLoader } from './load-lists.js';
import type { ListsReply, ListsRequest } from './loaded-lists.js';

/*
 * The thread that reads lists and countries, so that no session waits while a million lines are
 * read. What was read last stays here, for when it cannot be read again.
 */

const loader = new ListsLoader();

async function reply({ id, input, nowMs }: ListsRequest): Promise<ListsReply> {
  try {
    return { id, loaded: await loader.load(input, nowMs) };
  } catch (error) {
    return { id, ...tellableOf(error) };
  }
}

parentPort?.on('message', (request: ListsRequest) => {
  void reply(request).then((answer) => {
    parentPort?.postMessage(answer);
  });
});
