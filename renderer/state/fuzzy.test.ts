import { describe, expect, it } from 'vitest';
import { fuzzy } from './fuzzy.ts';

const marked = (query: string, text: string) => {
  const match = fuzzy(query, text);
  if (match === undefined) return undefined;
  return [...text].map((letter, at) => (match.at.includes(at) ? letter.toUpperCase() : letter)).join('');
};

describe('finding by letters', () => {
  it.each([
    ['tdark', 'theme: dark', 'Theme: DARK'],
    ['ctl', 'copy this link', 'Copy This Link'],
    ['set', 'show settings', 'show SETtings'],
    ['link view', 'copy link to this view', 'copy LINK to this VIEW'],
  ])('%s marks the likeliest letters of %s', (query, text, expected) => {
    expect(marked(query, text)).toBe(expected);
  });

  it('needs the letters in their order', () => {
    expect(fuzzy('krad', 'theme: dark')).toBeUndefined();
    expect(fuzzy('feedx', 'feed')).toBeUndefined();
  });

  it.each([
    ['feed', ['Feed', 'Feed: pause', 'Find every deed']],
    ['pro', ['Processes', 'Copy process', 'Copy to row']],
    ['sl', ['Show the list', 'Also, a class', 'Also class']],
  ])('%s ranks words before scattered letters', (query, ordered) => {
    const scored = ordered
      .toReversed()
      .sort((a, b) => (fuzzy(query, b)?.score ?? 0) - (fuzzy(query, a)?.score ?? 0));
    expect(scored[0]).toBe(ordered[0]);
  });

  it('takes anything where nothing is asked', () => {
    expect(fuzzy('  ', 'Feed')).toEqual({ score: 0, at: [] });
  });
});
