/** Entry of the reader's thread: answers requests in the order in which they come, over its own read-only connection. */
import Database from 'better-sqlite3';
import { parentPort, workerData } from 'node:worker_threads';
import { storeError } from './error.ts';
import { Cancelled, Pages } from './pages.ts';
import { readerData, type Question, type Reply } from './reading.ts';

const { path } = readerData(workerData);
let opened: Pages | undefined;

/** Opened by the first question, so that a failure is its answer. */
function pages(): Pages {
  opened ??= new Pages(new Database(path, { readonly: true, fileMustExist: true, timeout: 5000 }));
  return opened;
}

function answer(question: Question, pause: () => void): unknown {
  switch (question.ask) {
    case 'page':
      return pages().page(question.request, pause);
    case 'get':
      return pages().get(question.cursor);
    case 'process':
      return pages().process(question.entityId, question.now, pause);
  }
}

parentPort?.on(
  'message',
  ({ id, cancelled, question }: { id: number; cancelled: Int32Array; question: Question }) => {
    const pause = () => {
      if (Atomics.load(cancelled, 0) !== 0) throw new Cancelled();
    };
    let reply: Reply;
    try {
      pause();
      reply = { id, ok: true, value: answer(question, pause) };
    } catch (error) {
      if (error instanceof Cancelled) return;
      const { code, message } = storeError(error, path);
      reply = { id, ok: false, code, message };
    }
    parentPort?.postMessage(reply);
  },
);
