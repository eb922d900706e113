import { describe, expect, test } from 'vitest';
import { figuresOf, HOUR_MS, lineOf, type Canary } from './canaries.ts';

const NOW = 1_800_000_000_000;
const ago = (seconds: number, ms: number | null): Canary => ({ at: NOW - seconds * 1000, ms });

describe('the figures', () => {
  test('are of those that came back, and count those that did not', () => {
    const slow = ago(30, 38);
    expect(figuresOf([ago(40, 9), slow, ago(20, null), ago(10, 11)])).toEqual({
      sent: 4,
      missed: 1,
      medianMs: 11,
      slowest: slow,
    });
  });

  test('are unknown where none came back', () => {
    expect(figuresOf([])).toMatchObject({ sent: 0, medianMs: undefined, slowest: undefined });
    expect(figuresOf([ago(1, null)])).toMatchObject({ missed: 1, medianMs: undefined });
  });
});

describe('the line', () => {
  test('goes from an hour ago at the left to now at the right, the slowest on top', () => {
    const { path } = lineOf([ago(HOUR_MS / 1000, 0), ago(0, 40)], NOW, 400, 60);
    expect(path).toBe('M0 60L400 0');
  });

  test('breaks where one was missed, and marks it', () => {
    const { path, missed } = lineOf([ago(1800, 10), ago(900, null), ago(0, 10)], NOW, 400, 60);
    expect(path.match(/M/g)).toHaveLength(2);
    expect(missed).toEqual([200]);
  });

  test('names a round figure below the slowest, at its height', () => {
    expect(lineOf([ago(1, 38)], NOW, 400, 76)).toMatchObject({ topMs: 20, topY: 36 });
    expect(lineOf([ago(1, 3)], NOW, 400, 76)).toMatchObject({ topMs: 10, topY: 0 });
  });

  test('begins five minutes ago where there is no more, and shows all that there is', () => {
    expect(lineOf([ago(10, 5)], NOW, 400, 60)).toMatchObject({ spanMs: 300_000 });
    expect(lineOf([ago(700, 5), ago(10, 5)], NOW, 400, 60)).toMatchObject({ spanMs: 900_000 });
  });

  test('leaves out what is older', () => {
    expect(lineOf([ago(4000, 10)], NOW, 400, 60).path).toBe('');
  });
});
