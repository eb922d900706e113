import type { Attachment } from 'svelte/attachments';
import { escapePieces } from './escape.ts';

/**
 * Fills an element with text that came from the machine: hostile. Misleading characters show as their code, markup is
 * text, and direction cannot leak out (the element must be a `bdi`, or of class `foreign`). Written with the DOM
 * rather than as a component because a busy feed does it thousands of times a second.
 * @param limit characters shown where the place is one line; the whole is shown elsewhere.
 */
export function foreign(text: string, limit = Infinity): Attachment<Element> {
  return (element) => {
    const pieces = escapePieces(text.length > limit ? `${text.slice(0, limit)}…` : text);
    const [first, ...more] = pieces;
    if (more.length === 0 && first?.about === undefined) {
      element.textContent = first?.text ?? '';
      return;
    }
    element.replaceChildren(
      ...pieces.map((piece) => (piece.about === undefined ? piece.text : codeMark(piece.text, piece.about))),
    );
  };
}

/** A code in place of a character that could mislead. */
export function codeMark(code: string, about: string): HTMLElement {
  const mark = document.createElement('span');
  mark.className = 'esc';
  mark.title = about;
  mark.textContent = code;
  return mark;
}
