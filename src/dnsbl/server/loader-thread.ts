import { parentPort, workerData } from 'node:worker_threads';

import { becomeNice } from '../../linux/thread-turns.js';
import { tellableOf } from '../../util/thread-error.js';
import { compileZones } from '../index/compile.js';
import { formatName } from '../wire/name.js';
import { LastGood } from './last-good.js';
import {
  type LoadZones,
  type LoadedMessage,
  type LoaderReply,
  type LoaderRequest,
  type LoaderSpec,
  RELOAD_NICE,
} from './loader.js';
import { collectGarbage } from './collect-garbage.js';

/*
 * The thread that reads and compiles zones, so that however long it takes no query waits. What it
 * makes lies in shared memory; the last good content of every zone stays here.
 */

const spec = workerData as LoaderSpec;
const lastGood = new LastGood();

// begun at once, while the main thread binds its sockets
const module = import(spec.module) as Promise<{ readonly load: LoadZones }>;
// whoever asks for a load is told
module.catch(() => undefined);

async function load(input: unknown): Promise<LoadedMessage> {
  const { load: loadZones } = await module;
  const found = await loadZones(input);
  const { zones, warnings } = lastGood.apply(found.zones);
  const failed = zones.filter((zone) => zone.failed !== undefined);
  return {
    compiled: compileZones(zones, found.access, found.version),
    errors: found.errors ?? [],
    warnings: [...warnings, ...found.warnings],
    watch: found.watch,
    nextChangeAtMs: found.nextChangeAtMs,
    staleAtMs: found.staleAtMs,
    ready: zones.length - failed.length,
    failed: failed.map((zone) => formatName(zone.name)),
  };
}

void module.then(
  () => parentPort?.postMessage({ kind: 'ready' } satisfies LoaderReply),
  () => undefined,
);

async function reply({ id, input }: LoaderRequest): Promise<LoaderReply> {
  try {
    return { kind: 'loaded', id, loaded: await load(input) };
  } catch (error) {
    return { kind: 'refused', id, ...tellableOf(error) };
  }
}

parentPort?.on('message', (request: LoaderRequest) => {
  if (request.isReload) becomeNice(RELOAD_NICE);
  void reply(request).then((answer) => {
    parentPort?.postMessage(answer);
    collectGarbage();
  });
});
