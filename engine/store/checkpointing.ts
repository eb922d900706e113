import { Worker } from 'node:worker_threads';
import * as v from 'valibot';

/** What the thread is started with: when to look, and which size of the log is worth it. */
export const checkpointData = v.parser(
  v.object({ path: v.string(), everyMs: v.number(), leastBytes: v.number() }),
);
/** What it says after each turn: how many pages the log had, or what went wrong. */
export type Word = { readonly pages: number } | { readonly trouble: string };

/** The sources run as they are under Node; bundled, the thread's file lies beside the engine. */
const FILE = new URL(
  import.meta.url.endsWith('.ts') ? './checkpoint.ts' : './checkpoint.js',
  import.meta.url,
);
const EVERY_MS = 1000;
const LEAST_BYTES = 1 << 20;
/** A checkpoint under way may wait for the disk; what it leaves undone the closing connection does. */
const PATIENCE_MS = 3000;

/** The thread that checkpoints, seen from the engine's. Without it the store works on, with longer appends. */
export class Checkpointing {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;

  /** @param caughtUp called after each turn with the pages that the log had; nearly all of them are in the database. */
  constructor(path: string, caughtUp: (pages: number) => void) {
    this.#worker = new Worker(FILE, {
      workerData: { path, everyMs: EVERY_MS, leastBytes: LEAST_BYTES },
      name: 'store checkpoint',
    });
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    const tell = (why: unknown) => {
      process.stderr.write(
        `engine: the store's checkpoint: ${why instanceof Error ? why.message : String(why)}\n`,
      );
    };
    this.#worker.on('message', (word: Word) => {
      if ('pages' in word) caughtUp(word.pages);
      else tell(word.trouble);
    });
    this.#worker.on('error', tell);
    this.#worker.unref(); // after the listeners, which would hold the process again
  }

  /** Ends the thread once it has closed its connection. */
  async close(): Promise<void> {
    this.#worker.ref();
    this.#worker.postMessage('close');
    const timer = setTimeout(() => void this.#worker.terminate(), PATIENCE_MS);
    await this.#ended;
    clearTimeout(timer);
  }
}
