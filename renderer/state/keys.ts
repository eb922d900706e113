/** Keys as they are written in a command, and as a browser reports them. */

/** One way to press: strokes one after the other, such as ['g', 'f'] or ['Ctrl+K']. */
export type Way = readonly string[];

/** 'g f | F2' is two ways. */
export function waysOf(keys: string): readonly Way[] {
  return keys.split(' | ').map((way) => way.split(' ').map(normal));
}

/** A letter alone is lower case, with Ctrl or Alt upper case. */
function normal(stroke: string): string {
  const parts = stroke.length > 1 ? stroke.split('+') : [stroke];
  const key = parts.pop() ?? '';
  const letter = /^\p{L}$/u.test(key);
  return [...parts, letter ? (parts.length > 0 ? key.toUpperCase() : key.toLowerCase()) : key].join('+');
}

export type Press = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'altKey' | 'metaKey' | 'shiftKey'>;

/** The stroke that was pressed; Shift counts where it does not already make another character. */
export function strokeOf({ key, ctrlKey, altKey, metaKey, shiftKey }: Press): string {
  const shifted = shiftKey && (key.length > 1 || key.toUpperCase() !== key.toLowerCase() || key === ' ');
  const modifiers = [ctrlKey && 'Ctrl', altKey && 'Alt', metaKey && 'Meta', shifted && 'Shift'];
  return normal([...modifiers.filter(Boolean), key].join('+'));
}

/** Whether a stroke is a character that could be meant for a text. */
export function isCharacter(stroke: string): boolean {
  return [...stroke.replace(/^Shift\+(?=.)/u, '')].length === 1;
}

/** What has the focus: a text, where characters are text; something that floats and has the keys; or the page. */
export type FocusPlace = 'text' | 'floating' | 'page';

export function focusPlace(target: EventTarget | null): FocusPlace {
  if (!(target instanceof HTMLElement)) return 'page';
  if (target.closest('[role=dialog], [role=alertdialog], [role=menu]')) return 'floating';
  return takesText(target) ? 'text' : 'page';
}

function takesText(element: HTMLElement): boolean {
  if (element.isContentEditable || element instanceof HTMLTextAreaElement) return true;
  if (element instanceof HTMLSelectElement) return true;
  return element instanceof HTMLInputElement && !NO_TEXT.has(element.type);
}

const NO_TEXT = new Set([
  'button',
  'checkbox',
  'radio',
  'range',
  'submit',
  'reset',
  'color',
  'file',
  'image',
]);
