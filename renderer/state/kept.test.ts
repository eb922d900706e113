import * as v from 'valibot';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { kept } from './kept.svelte.ts';

afterEach(() => vi.unstubAllGlobals());

function storage(contents: Record<string, string> = {}) {
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => contents[key] ?? null,
    setItem: (key: string, text: string) => (contents[key] = text),
  });
  return contents;
}

describe('kept values', () => {
  it('are there again', () => {
    storage();
    kept('width', v.number(), 1).value = 300;
    expect(kept('width', v.number(), 1).value).toBe(300);
  });

  it.each(['"wide"', 'not JSON', '{}', 'null'])('that hold %s are dropped', (text) => {
    storage({ 'merlon.width': text });
    expect(kept('width', v.number(), 368).value).toBe(368);
  });

  it('live as long as the page where there is no storage', () => {
    vi.stubGlobal('localStorage', {
      getItem: () => {
        throw new Error('denied');
      },
      setItem: () => {
        throw new Error('full');
      },
    });
    const width = kept('width', v.number(), 1);
    width.value = 2;
    expect(width.value).toBe(2);
  });
});
