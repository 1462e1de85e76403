import { parentPort } from 'node:worker_threads';
import { runRange, type Range } from './run-range.ts';

// One core's share: answers each range with its result. A failure ends the thread, and the pool says which it was.
parentPort?.on('message', (range: Range) => {
  void runRange(range).then((result) => parentPort?.postMessage(result, []));
});
