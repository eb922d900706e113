/** Entry of the thread that looks at one kernel. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { forecast, type Question } from './forecast.ts';

/** Everything else goes first; the tools that it starts inherit it. */
const NICE = 10;

// Linux counts threads as processes here (setpriority(2), “C library/kernel differences”).
setPriority(Number(basename(readlinkSync('/proc/thread-self'))), NICE);

const stop = new AbortController();
parentPort!.once('message', () => stop.abort());
try {
  // The other end is this program.
  parentPort!.postMessage(await forecast(workerData as Question, stop.signal));
} catch (error) {
  if (!stop.signal.aborted) throw error;
} finally {
  parentPort!.close();
}
