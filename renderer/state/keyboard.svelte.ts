import * as v from 'valibot';
import { commands, type Command, type Commands } from './commands.svelte.ts';
import { kept } from './kept.svelte.ts';
import { focusPlace, isCharacter, strokeOf, waysOf, type FocusPlace } from './keys.ts';

/** How long the second key of two is waited for. */
const WAIT_MS = 1500;

/** Whether keys without a modifier act at all; off for those who dictate, or whose hand rests on the keyboard. */
export const singleLetterKeys = kept('single-letter-keys', v.boolean(), true);

/** Whoever keeps settings is told what the person chooses. */
export const singleLetterChoice: { told: (on: boolean) => void } = { told: () => undefined };

export function chooseSingleLetterKeys(on: boolean): void {
  singleLetterKeys.value = on;
  singleLetterChoice.told(on);
}

/** Turns key presses into commands. */
export class Keyboard {
  /** What was pressed of a sequence that is not complete. */
  pending = $state<string | undefined>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #commands: Commands;

  readonly #place: (target: EventTarget | null) => FocusPlace;

  constructor(of: Commands, place: (target: EventTarget | null) => FocusPlace = focusPlace) {
    this.#commands = of;
    this.#place = place;
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
    if (rests(stroke, this.#place(event.target))) return;
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

/** Whether a key means nothing here; keys with Ctrl, and F keys, mean the same everywhere but under what floats. */
function rests(stroke: string, place: FocusPlace): boolean {
  if (isCharacter(stroke)) return place !== 'page' || !singleLetterKeys.value;
  return place === 'floating' && !stroke.startsWith('Ctrl+');
}

export const keyboard = new Keyboard(commands);
