import * as v from 'valibot';
import { commands, type Command, type Commands } from './commands.svelte.ts';
import { kept } from './kept.svelte.ts';
import { isCharacter, strokeOf, takesText, waysOf } from './keys.ts';

/** How long the second key of two is waited for. */
const WAIT_MS = 1500;

/** Whether keys without a modifier act at all; off for those who dictate, or whose hand rests on the keyboard. */
export const singleLetterKeys = kept('single-letter-keys', v.boolean(), true);

/** Turns key presses into commands. */
export class Keyboard {
  /** What was pressed of a sequence that is not complete. */
  pending = $state<string | undefined>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #commands: Commands;

  constructor(of: Commands) {
    this.#commands = of;
  }

  /** Before anybody else: the second key of two belongs to nobody else. */
  captured(event: KeyboardEvent): void {
    const first = this.pending;
    if (first === undefined || MODIFIERS.has(event.key)) return;
    this.#forget();
    const command = this.#find([first, strokeOf(event)]);
    if (command === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    command.run();
  }

  /** After everybody else: what nobody took. */
  pressed(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing || MODIFIERS.has(event.key)) return;
    const stroke = strokeOf(event);
    if (rests(stroke, event)) return;
    const command = this.#find([stroke]);
    if (command !== undefined) {
      event.preventDefault();
      command.run();
    } else if (!event.repeat && this.#begins(stroke)) {
      event.preventDefault();
      this.pending = stroke;
      this.#timer = setTimeout(() => this.#forget(), WAIT_MS);
    }
  }

  #find(strokes: readonly string[]): Command | undefined {
    return this.#commands.all.findLast(
      (command) =>
        waysOf(command.keys ?? '').some((way) => way.join(' ') === strokes.join(' ')) &&
        (command.enabled?.() ?? true),
    );
  }

  #begins(stroke: string): boolean {
    return this.#commands.all.some(({ keys = '' }) =>
      waysOf(keys).some((way) => way.length > 1 && way[0] === stroke),
    );
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.pending = undefined;
  }
}

const MODIFIERS = new Set(['Control', 'Shift', 'Alt', 'Meta', 'AltGraph', 'CapsLock']);

/** Characters are text in a text field; and what floats over the page has the keys to itself. */
function rests(stroke: string, { target }: KeyboardEvent): boolean {
  const character = isCharacter(stroke);
  if (character && (!singleLetterKeys.value || takesText(target))) return true;
  const floats =
    target instanceof Element && target.closest('[role=dialog], [role=alertdialog], [role=menu]');
  return Boolean(floats) && (character || !stroke.startsWith('Ctrl+'));
}

export const keyboard = new Keyboard(commands);
