import { describe, expect, it } from 'vitest';
import type { Command } from '../state/commands.svelte.ts';
import { found, groupTitles, marked } from './find.ts';

const command = (title: string, group = 'View', more: Partial<Command> = {}): Command => ({
  id: title,
  title,
  group,
  run: () => {},
  ...more,
});

const ALL = [
  command('Feed', 'Go to'),
  command('Settings', 'Go to'),
  command('Theme: dark', 'View', { words: 'colour appearance' }),
  command('Copy link to this view'),
  command('Go live', 'Feed', { enabled: () => false }),
];

const titles = (text: string, recent: string[] = [], jumps: Command[] = []) =>
  found(text, ALL, recent, jumps).map(({ title, lines }) => [title, lines.map((each) => each.command.title)]);

describe('the command menu', () => {
  it('lists what was chosen last, then what is possible, by groups', () => {
    expect(titles('', ['Theme: dark', 'gone'])).toEqual([
      ['Recent', ['Theme: dark']],
      ['Go to', ['Feed', 'Settings']],
      ['View', ['Copy link to this view']],
    ]);
  });

  it('puts what the screen does before what the frame does', () => {
    const list = ['Feed', 'Help', 'Go to', 'View', 'Row'].map((group) => command(group, group));
    expect(groupTitles(list)).toEqual(['Go to', 'Feed', 'Row', 'View', 'Help']);
  });

  it('finds by letters, by group and by other words', () => {
    expect(titles('lnk')).toEqual([['Commands', ['Copy link to this view']]]);
    expect(titles('colour')).toEqual([['Commands', ['Theme: dark']]]);
    expect(titles('go set')).toEqual([['Commands', ['Settings']]]);
    expect(titles('golive')).toEqual([]);
  });

  it('puts what the text plainly says before commands, and what it could mean after them', () => {
    const jumps = [
      command('Look for feed', 'Open', { id: 'query' }),
      command('Open 12', 'Open', { id: 'sure.pid' }),
    ];
    expect(titles('feed', [], jumps)).toEqual([
      ['Open', ['Open 12']],
      ['Commands', ['Feed']],
      ['Look for it', ['Look for feed']],
    ]);
  });
});

describe('marks', () => {
  it('stand where letters matched', () => {
    expect(marked('Theme', [0, 1, 4])).toEqual([
      { text: 'Th', hit: true },
      { text: 'em', hit: false },
      { text: 'e', hit: true },
    ]);
  });
});
