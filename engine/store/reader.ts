/** Entry of the reader's thread: answers requests in the order in which they come, over its own read-only connections. */
import { parentPort, workerData } from 'node:worker_threads';
import { storeError } from './error.ts';
import { HistogramCount } from './histogram.ts';
import { PageSearch } from './pages.ts';
import { Partitions } from './partitions.ts';
import { readerData, type Asked, type Question, type Reply, type Told } from './reading.ts';
import { Stories } from './story.ts';
import { ValuesCount } from './values.ts';

/** The request's sender has gone, or no longer wants it. */
class Cancelled extends Error {
  override name = 'Cancelled';
}

const { folder } = readerData(workerData);
/** While nobody asks: the catalogue is looked at, so that files that were cut are given back to the disk. */
const LOOK_MS = 2000;
let opened: Partitions | undefined;

const send = (reply: Reply) => parentPort?.postMessage(reply);

/** Opened by the first question, so that a failure is its answer. */
function partitions(): Partitions {
  opened ??= new Partitions(folder, (damaged, said) => {
    send({ damaged, problem: `Partition ${damaged} cannot be read: ${said}.` });
  });
  return opened;
}

function answer(question: Question, pause: () => void): unknown {
  switch (question.ask) {
    case 'page':
      return new PageSearch(partitions(), question.request, pause).run();
    case 'histogram':
      return new HistogramCount(partitions(), question.request, pause).run();
    case 'values':
      return new ValuesCount(partitions(), question.request, pause).run();
    case 'get':
      return new Stories(partitions(), pause).get(question.cursor);
    case 'process':
      return new Stories(partitions(), pause).process(question.entityId);
    case 'story':
      return new Stories(partitions(), pause).story(question.entityId, question.limit);
  }
}

function take({ id, cancelled, question }: Asked): void {
  const pause = () => {
    if (Atomics.load(cancelled, 0) !== 0) throw new Cancelled();
  };
  try {
    pause();
    send({ id, ok: true, value: answer(question, pause) });
  } catch (error) {
    if (error instanceof Cancelled) return;
    const { code, message } = storeError(error, folder);
    send({ id, ok: false, code, message });
  } finally {
    opened?.end();
  }
}

/** Opens what is not open yet, one file a turn, so that questions come first. */
let warming = false;
function warm(): void {
  if (warming) return;
  warming = true;
  const step = () => {
    warming = quietly(() => opened?.warm() ?? false) ?? false;
    if (warming) setImmediate(step);
  };
  setImmediate(step);
}

/** What fails here fails again when it is asked for, and is told then. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    send({ said: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

/** Leaves nothing to do, so that the thread ends as any program does: one that is stopped takes the process along at times. */
function end(): void {
  quietly(() => opened?.close());
  opened = undefined;
  parentPort?.close();
}

parentPort?.on('message', (told: Told) => {
  if ('end' in told) return end();
  if ('warm' in told) quietly(partitions);
  else take(told);
  warm();
});
setInterval(() => quietly(() => opened?.list()), LOOK_MS).unref();
