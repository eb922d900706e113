import { Worker } from 'node:worker_threads';
import * as v from 'valibot';

/** What the thread is started with: when to look, and below which size of the log there is nothing worth doing. */
export const checkpointData = v.parser(
  v.object({ path: v.string(), everyMs: v.number(), leastBytes: v.number() }),
);

/** The sources run as they are under Node; bundled, the thread's file lies beside the engine. */
const FILE = new URL(
  import.meta.url.endsWith('.ts') ? './checkpoint.ts' : './checkpoint.js',
  import.meta.url,
);
const EVERY_MS = 2000;
const LEAST_BYTES = 1 << 20;

/** The thread that checkpoints, seen from the engine's. Without it the store works on, with longer appends. */
export class Checkpointing {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;

  constructor(path: string) {
    this.#worker = new Worker(FILE, {
      workerData: { path, everyMs: EVERY_MS, leastBytes: LEAST_BYTES },
      name: 'store checkpoint',
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
    this.#worker.unref();
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    const tell = (why: unknown) => {
      process.stderr.write(
        `engine: the store's checkpoint: ${why instanceof Error ? why.message : String(why)}\n`,
      );
    };
    this.#worker.on('message', tell);
    this.#worker.on('error', tell);
  }

  /** Ends the thread once it has closed its connection. */
  async close(): Promise<void> {
    this.#worker.ref();
    this.#worker.postMessage('close');
    await this.#ended;
  }
}
