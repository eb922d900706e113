/** What takes the store long: shows how far it is; Ctrl-C cancels it in the engine, too. */
import type { RequestIn, RequestOut, StoreTask } from '../shared/console.ts';
import { ask, CommandError, EXIT, type Run } from './command.ts';

type TaskName = `store.${StoreTask}`;

const DOING: Readonly<Record<StoreTask, string>> = {
  backup: 'Backing up',
  check: 'Checking',
  salvage: 'Salvaging',
};

/** @throws CommandError where it failed, or was cancelled. */
export async function carryOut<N extends TaskName>(
  { console, signal, progress }: Run,
  name: N,
  input: RequestIn<N>,
): Promise<RequestOut<N>> {
  const task = name.slice('store.'.length);
  const forget = console.on('store.progress', (told) => {
    if (told.task === task) progress.say(`${DOING[told.task]}: ${Math.floor(told.done * 100)} %`);
  });
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    const done = ask(console, name, input);
    const left = aborted.then(async (): Promise<RequestOut<N>> => {
      if (task === 'salvage') {
        throw new CommandError(EXIT.failed, 'What is being salvaged is finished by the engine all the same.');
      }
      if (task === 'backup' || task === 'check') await console.request('store.cancel', { task });
      return done;
    });
    return await Promise.race([done, left]);
  } finally {
    forget();
    progress.clear();
  }
}
