import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TOAST_MS, Toasts } from './toasts.svelte.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const texts = (toasts: Toasts) => toasts.list.map(({ text }) => text);

describe('toasts', () => {
  it('go after ten seconds', () => {
    const toasts = new Toasts();
    toasts.say({ text: 'Copied' });
    vi.advanceTimersByTime(TOAST_MS - 1);
    expect(texts(toasts)).toEqual(['Copied']);
    vi.advanceTimersByTime(1);
    expect(texts(toasts)).toEqual([]);
  });

  it('stay while they are held, and have their time again afterwards', () => {
    const toasts = new Toasts();
    toasts.say({ text: 'Deleted', undo: () => {} });
    toasts.hold();
    toasts.say({ text: 'Copied' });
    vi.advanceTimersByTime(10 * TOAST_MS);
    expect(texts(toasts)).toEqual(['Deleted', 'Copied']);
    toasts.release();
    vi.advanceTimersByTime(TOAST_MS);
    expect(texts(toasts)).toEqual([]);
  });

  it('held and closed do not hold the next', () => {
    const toasts = new Toasts();
    toasts.say({ text: 'Copied' });
    toasts.hold();
    toasts.close(toasts.list[0]!.id);
    toasts.say({ text: 'Deleted' });
    vi.advanceTimersByTime(TOAST_MS);
    expect(texts(toasts)).toEqual([]);
  });

  it('take back once', () => {
    const undo = vi.fn();
    const toasts = new Toasts();
    toasts.say({ text: 'Deleted', undo });
    const { id } = toasts.undoable!;
    toasts.undo(id);
    toasts.undo(id);
    expect(undo).toHaveBeenCalledOnce();
    expect(texts(toasts)).toEqual([]);
  });

  it('that report a failure stay until they are closed', () => {
    const toasts = new Toasts();
    toasts.fail('The clipboard refused.');
    vi.advanceTimersByTime(10 * TOAST_MS);
    expect(texts(toasts)).toEqual(['The clipboard refused.']);
    toasts.close(toasts.list[0]!.id);
    expect(texts(toasts)).toEqual([]);
  });

  it('never cover the page: the oldest goes first', () => {
    const toasts = new Toasts();
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) toasts.say({ text });
    expect(texts(toasts)).toEqual(['c', 'd', 'e', 'f']);
  });
});
