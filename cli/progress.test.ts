import { describe, expect, it } from 'vitest';
import { ProgressLine } from './progress.ts';

function screen(isTTY: boolean, columns = 20) {
  const written: string[] = [];
  const line = new ProgressLine({ isTTY, columns, write: (text) => written.push(text) });
  return { line, written };
}

describe('a line of progress', () => {
  it('is written over, and away in the end', () => {
    const { line, written } = screen(true);
    line.say('one');
    line.clear();
    line.clear();
    line.say('two');
    expect(written).toEqual(['\r\u001b[2Kone', '\r\u001b[2K', '\r\u001b[2Ktwo']);
  });

  it('is written ten times a second at most', () => {
    const { line, written } = screen(true);
    for (let i = 0; i < 1000; i++) line.say(String(i));
    expect(written.length).toBeLessThan(1000);
  });

  it('never wraps, and holds nothing that a terminal obeys', () => {
    const { line, written } = screen(true);
    line.say('\u001b[2J is longer than the line');
    expect(written).toEqual(['\r\u001b[2K\\u{1b}[2J is longe…']);
  });

  it('takes a terminal of unknown width for an ordinary one', () => {
    const { line, written } = screen(true, 0);
    line.say('Searched');
    expect(written).toEqual(['\r\u001b[2KSearched']);
  });

  it('is nothing where nobody looks', () => {
    const { line, written } = screen(false);
    line.say('one');
    line.clear();
    expect(written).toEqual([]);
  });
});
