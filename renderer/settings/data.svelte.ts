import type {
  AsideScope,
  Console,
  RequestIn,
  RequestOut,
  StoreCut,
  StoreFinding,
  StoreTask,
} from '../../shared/console.ts';
import { bytes, counted } from '../ui/units.ts';

/** What a task came to, a sentence; and what a check found. */
export interface Outcome {
  readonly task: StoreTask | 'wipe' | 'fresh';
  readonly failed: boolean;
  readonly said: string;
  readonly findings?: readonly StoreFinding[];
}

/** What a person does with what is stored. */
export class DataState {
  /** What takes long now, and how far it is, from 0 to 1. */
  running = $state.raw<{ readonly task: StoreTask; readonly done: number } | undefined>();
  outcome = $state.raw<Outcome | undefined>();
  /** Newest first; undefined until the engine has said. */
  cuts = $state.raw<readonly StoreCut[] | undefined>();
  #api: Console | undefined;

  /** Follows this connection until it ends. */
  async follow(api: Console): Promise<void> {
    this.#api = api;
    this.running = undefined;
    api.on('store.replaced', () => void this.loadCuts());
    api.on('store.progress', ({ task, done }) => {
      if (this.running?.task === task) this.running = { task, done };
    });
    await this.loadCuts();
  }

  async loadCuts(): Promise<void> {
    const reply = await this.#api?.request('store.cuts', {});
    if (reply?.ok) this.cuts = reply.value.cuts;
  }

  async backup(file: string): Promise<void> {
    const done = await this.#carryOut('backup', 'store.backup', { file });
    if (done !== undefined)
      this.#say('backup', `${counted(done.events, 'event')} are in ${file} (${bytes(done.bytes)}).`);
  }

  async check(): Promise<void> {
    const done = await this.#carryOut('check', 'store.check', {});
    if (done === undefined) return;
    const read = `${counted(done.events, 'event')} in ${counted(done.partitions, 'file')}`;
    const { findings } = done;
    if (findings.length === 0) return this.#say('check', `All is sound: ${read}.`);
    const files = new Set(findings.map(({ file }) => file)).size;
    const said = `${files === 1 ? 'One file is' : `${files} files are`} not sound, of ${read}.`;
    this.outcome = { task: 'check', failed: true, said, findings };
  }

  async salvage(): Promise<void> {
    const done = await this.#carryOut('salvage', 'store.salvage', {});
    if (done === undefined) return;
    this.#say(
      'salvage',
      done.events > 0
        ? `${counted(done.events, 'event')} were saved into new files.`
        : 'Nothing was saved: no file counts as damaged, or nothing of it can be read.',
    );
  }

  async cancel(): Promise<void> {
    const task = this.running?.task;
    if (task === 'backup' || task === 'check') await this.#api?.request('store.cancel', { task });
  }

  /** @returns whether it was done. */
  async wipe(): Promise<boolean> {
    const reply = await this.#api?.request('store.wipe', { confirm: 'every event' });
    if (reply?.ok !== true) {
      this.outcome = { task: 'wipe', failed: true, said: reply?.error.message ?? NO_ENGINE };
      return false;
    }
    this.#say('wipe', `${counted(reply.value.events, 'event')} were deleted.`);
    return true;
  }

  /** @returns whether it was done. */
  async fresh(scope: AsideScope): Promise<boolean> {
    const reply = await this.#api?.request('store.fresh', { scope });
    if (reply?.ok !== true) {
      this.outcome = { task: 'fresh', failed: true, said: reply?.error.message ?? NO_ENGINE };
      return false;
    }
    const { folder, bytes: size, holds } = reply.value;
    const what = scope === 'damaged' ? 'What was damaged' : 'The old database';
    const held = holds === null || holds === 0 ? '' : ` ${counted(holds, 'hold')} went with it.`;
    this.#say(
      'fresh',
      `${what} lies in ${folder} now, ${bytes(size)}.${held} Merlon neither reads nor deletes it.`,
    );
    return true;
  }

  /** @returns undefined where it failed; that is said. */
  async #carryOut<N extends `store.${StoreTask}`>(
    task: StoreTask,
    name: N,
    input: RequestIn<N>,
  ): Promise<RequestOut<N> | undefined> {
    if (this.#api === undefined) return this.#fail(task, NO_ENGINE);
    this.outcome = undefined;
    this.running = { task, done: 0 };
    const reply = await this.#api.request(name, input);
    this.running = undefined;
    return reply.ok ? reply.value : this.#fail(task, reply.error.message);
  }

  #fail(task: StoreTask, said: string): undefined {
    this.outcome = { task, failed: true, said };
  }

  #say(task: Outcome['task'], said: string): void {
    this.outcome = { task, failed: false, said };
  }
}

const NO_ENGINE = 'Merlon’s engine does not answer; nothing was done.';
