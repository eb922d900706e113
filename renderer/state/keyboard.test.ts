import { describe, expect, it, vi } from 'vitest';
import { Commands, type Command } from './commands.svelte.ts';
import { Keyboard, singleLetterKeys } from './keyboard.svelte.ts';
import { isCharacter, strokeOf, waysOf, type FocusPlace } from './keys.ts';

const press = (key: string, more: Partial<KeyboardEvent> = {}) => ({
  key,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  shiftKey: false,
  ...more,
});

describe('strokes', () => {
  it.each([
    [press('l'), 'l'],
    [press('L'), 'l'], // caps lock
    [press('L', { shiftKey: true }), 'Shift+L'],
    [press('?', { shiftKey: true }), '?'],
    [press('k', { ctrlKey: true }), 'Ctrl+K'],
    [press('ArrowLeft', { altKey: true }), 'Alt+ArrowLeft'],
    [press('F6', { shiftKey: true }), 'Shift+F6'],
    [press('+', { ctrlKey: true }), 'Ctrl++'],
  ])('%o is %s', (event, stroke) => expect(strokeOf(event)).toBe(stroke));

  it('are written in several ways, and one after the other', () => {
    expect(waysOf('g f | ctrl+k | F2')).toEqual([['g', 'f'], ['ctrl+K'], ['F2']]);
  });

  it.each([
    ['l', true],
    ['?', true],
    ['Shift+L', true],
    ['Ctrl+K', false],
    ['F6', false],
    ['Escape', false],
  ])('%s is text: %s', (stroke, text) => expect(isCharacter(stroke)).toBe(text));
});

function given(list: readonly Omit<Command, 'title' | 'group'>[], place: FocusPlace = 'page') {
  const commands = new Commands();
  commands.register(list.map((each) => ({ title: each.id, group: 'Test', ...each })));
  const keyboard = new Keyboard(commands, () => place);
  return (key: string, more: Partial<KeyboardEvent> = {}) => {
    let taken = more.defaultPrevented ?? false;
    const event = {
      ...press(key),
      isComposing: false,
      repeat: false,
      target: null,
      ...more,
      get defaultPrevented() {
        return taken;
      },
      preventDefault: () => (taken = true),
      stopPropagation: () => {},
    } as unknown as KeyboardEvent;
    keyboard.captured(event);
    keyboard.pressed(event);
    return taken;
  };
}

describe('the keyboard', () => {
  it('runs what a key stands for, and leaves other keys alone', () => {
    const run = vi.fn();
    const type = given([{ id: 'live', keys: 'l', run }]);
    expect(type('l')).toBe(true);
    expect(type('x')).toBe(false);
    expect(run).toHaveBeenCalledOnce();
  });

  it('waits for the second key of two, which then means nothing else', () => {
    const [feed, filter] = [vi.fn(), vi.fn()];
    const type = given([
      { id: 'feed', keys: 'g f', run: feed },
      { id: 'filter', keys: 'f', run: filter },
    ]);
    type('g');
    type('f');
    expect(feed).toHaveBeenCalledOnce();
    expect(filter).not.toHaveBeenCalled();
    type('f');
    expect(filter).toHaveBeenCalledOnce();
  });

  it('forgets the first key when the second means nothing with it', () => {
    const [feed, live] = [vi.fn(), vi.fn()];
    const type = given([
      { id: 'feed', keys: 'g f', run: feed },
      { id: 'live', keys: 'l', run: live },
    ]);
    type('g');
    type('l');
    type('f');
    expect(live).toHaveBeenCalledOnce();
    expect(feed).not.toHaveBeenCalled();
  });

  it('leaves what somebody took, and what is not enabled', () => {
    const run = vi.fn();
    const type = given([
      { id: 'a', keys: 'a', run },
      { id: 'b', keys: 'b', enabled: () => false, run },
    ]);
    type('a', { defaultPrevented: true });
    type('b');
    expect(run).not.toHaveBeenCalled();
  });

  it('gives a key to the one that came last', () => {
    const [general, own] = [vi.fn(), vi.fn()];
    const type = given([
      { id: 'general', keys: 'Escape', run: general },
      { id: 'own', keys: 'Escape', run: own },
    ]);
    type('Escape');
    expect(own).toHaveBeenCalledOnce();
    expect(general).not.toHaveBeenCalled();
  });

  it.each<[FocusPlace, string[]]>([
    ['page', ['l', 'Escape', 'Ctrl+K']],
    ['text', ['Escape', 'Ctrl+K']],
    ['floating', ['Ctrl+K']],
  ])('in %s takes %j', (place, taken) => {
    const ran: string[] = [];
    const type = given(
      ['l', 'Escape', 'Ctrl+K'].map((keys) => ({ id: keys, keys, run: () => ran.push(keys) })),
      place,
    );
    type('l');
    type('Escape');
    type('k', { ctrlKey: true });
    expect(ran).toEqual(taken);
  });

  it('lets keys without a modifier rest where a person wants that', () => {
    const ran: string[] = [];
    const type = given(['l', 'g f', 'Ctrl+K'].map((keys) => ({ id: keys, keys, run: () => ran.push(keys) })));
    singleLetterKeys.value = false;
    for (const key of ['l', 'g', 'f']) type(key);
    type('k', { ctrlKey: true });
    singleLetterKeys.value = true;
    expect(ran).toEqual(['Ctrl+K']);
  });
});
