import type { Attachment } from 'svelte/attachments';
import { escapePieces, MISLEADING } from './escape.ts';

/** Text that came from the machine, ready for an element: `<b class="foreign" {@attach it.marks}>{it.text}</b>`. */
export interface Shown {
  /** The text where nothing in it could mislead, else empty … */
  readonly text: string;
  /** … and this fills the element with it, misleading characters as their codes. */
  readonly marks: Attachment<Element> | undefined;
}

const NOTHING: Shown = { text: '', marks: undefined };
const PRINTABLE_ASCII = /^[ -~]*$/;

/**
 * Text that came from the machine: hostile. Misleading characters show as their code, markup is text, and direction
 * cannot leak out (the element must be a `bdi`, or of class `foreign`). In two parts because a busy feed shows
 * thousands of them a second: what is plain only changes the text that is there.
 * @param limit characters shown where the place is one line; the whole is shown elsewhere.
 */
export function shown(whole: string, limit = Infinity): Shown {
  if (whole === '') return NOTHING;
  const text = whole.length > limit ? `${whole.slice(0, limit)}…` : whole;
  if (PRINTABLE_ASCII.test(text) || !MISLEADING.test(text)) return { text, marks: undefined };
  return { text: '', marks: marksOf(text) };
}

/** The same for an element that holds nothing else: `<bdi {@attach foreign(text)}></bdi>`. */
export function foreign(whole: string, limit = Infinity): Attachment<Element> {
  const { text, marks } = shown(whole, limit);
  return (element) => {
    // Before marks, too: of what was plain there nothing else takes away the text.
    element.textContent = text;
    return marks?.(element);
  };
}

function marksOf(text: string): Attachment<Element> {
  return (element) => {
    const marks = escapePieces(text).map(({ text, about }) =>
      about === undefined ? document.createTextNode(text) : codeMark(text, about),
    );
    element.append(...marks);
    return () => marks.forEach((mark) => mark.remove());
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
