import { type MessagePort, parentPort, workerData } from 'node:worker_threads';

import { takeShortTurns } from '../../linux/thread-turns.js';
import { udpCalls } from '../../linux/udp/calls.js';
import { type BatchWorkerData, CONTROL, type WorkerMessage } from './batch-control.js';
import { BatchServer } from './serve-batches.js';

/*
 * A thread of the batch transport. The sockets belong to the main thread: when this one dies they
 * stay bound, and what arrives waits for the next one.
 */

/** So many defects are told; a client that found one would fill the log. */
const MOST_TOLD = 10;

const port = parentPort as MessagePort;
const data = workerData as BatchWorkerData;
const { control } = data;
// native calls are loaded while the zones are
const calls = udpCalls();
// a reload, or whoever else has the processor, must not keep a query waiting
takeShortTurns();
let told = 0;
const say = (message: WorkerMessage): void => {
  port.postMessage(message);
};
const server = new BatchServer(calls, data, port, (text) => {
  if (told++ < MOST_TOLD) say({ kind: 'defect', text });
});
say({ kind: 'ready' });
while (Atomics.load(control, CONTROL.wanted) === 0 && Atomics.load(control, CONTROL.stop) === 0) {
  Atomics.wait(control, CONTROL.wanted, 0, data.timeoutMs);
}
server.run();
