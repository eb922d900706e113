import { untrack } from 'svelte';
import * as v from 'valibot';
import { kept } from './kept.svelte.ts';

/** Something the console does: in the command menu, on its keys, and in the help sheet. */
export interface Command {
  /** Such as 'feed.live'; of two with one id the later holds. */
  readonly id: string;
  /** A verb with its object: "Copy link to this view". */
  readonly title: string;
  /** The heading it stands under: "Go to", "Feed", … */
  readonly group: string;
  /**
   * 'l', '/', 'Ctrl+K', 'Alt+ArrowLeft', 'g f' (one after the other); several ways with ' | ' between.
   * Keys without a modifier rest while text has the focus.
   */
  readonly keys?: string;
  /** Other words that find it. */
  readonly words?: string;
  readonly enabled?: () => boolean;
  readonly run: () => void;
}

const RECENT = 8;

/** Every command there is at this moment. */
export class Commands {
  #lists = $state.raw<readonly (readonly Command[])[]>([]);
  readonly all: readonly Command[] = $derived([
    ...new Map(this.#lists.flat().map((command) => [command.id, command])).values(),
  ]);
  readonly #recent = kept('recent-commands', v.array(v.string()), []);

  /**
   * Adds commands; a screen does so in an `$effect` and returns the function this gives, so that its commands go
   * when it goes.
   */
  register(list: readonly Command[]): () => void {
    untrack(() => (this.#lists = [...this.#lists, list]));
    return () => untrack(() => (this.#lists = this.#lists.filter((each) => each !== list)));
  }

  /** Ids, the one last chosen in the menu first. */
  get recent(): readonly string[] {
    return this.#recent.value;
  }

  /** Runs it and remembers that. */
  choose(command: Command): void {
    this.#recent.value = [command.id, ...this.recent.filter((id) => id !== command.id)].slice(0, RECENT);
    command.run();
  }
}

export const commands = new Commands();
