import { beforeEach, expect, test, vi } from 'vitest';
import { foreign } from './foreign.ts';

/** As much of an element as is needed: texts and marks, in their order. */
class Place {
  children: string[] = [];
  set textContent(text: string) {
    this.children = text === '' ? [] : [text];
  }
  append(...marks: { text: string; remove: () => void }[]) {
    for (const mark of marks) {
      this.children.push(mark.text);
      mark.remove = () => void (this.children = this.children.filter((child) => child !== mark.text));
    }
  }
}

beforeEach(() => {
  const made = (text: string) => ({ text, remove: () => undefined });
  vi.stubGlobal('document', {
    createTextNode: made,
    createElement: () => {
      const mark = made('');
      return Object.defineProperty(mark, 'textContent', { set: (text: string) => (mark.text = text) });
    },
  });
  return () => vi.unstubAllGlobals();
});

test('an element that is used again holds the new text alone, whatever either is', () => {
  const place = new Place();
  let leave: (() => void) | undefined;
  const show = (text: string) => {
    leave?.();
    leave = foreign(text)(place as unknown as Element) ?? undefined;
    return place.children.join('|');
  };
  expect(show('bash')).toBe('bash');
  expect(show('x\u202ey')).toBe('x|U+202E|y');
  expect(show('a\u202eb')).toBe('a|U+202E|b');
  expect(show('zsh')).toBe('zsh');
  expect(show('')).toBe('');
});
