import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepPlace, readPlace } from './place.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-place-'));
  file = join(folder, 'window.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const DISPLAY = { x: 0, y: 24, width: 1920, height: 1056 };
const RIGHT = { x: 1920, y: 0, width: 1280, height: 1024 };
const INITIAL = { width: 1440, height: 900, maximised: false };
const box = { x: 100, y: 50, width: 1000, height: 700 };

test('a window is where it was', () => {
  keepPlace(file, box, false);
  expect(readPlace(file, [DISPLAY])).toEqual({ ...box, maximised: false });
});

test('a maximised one is so again, over the place that it had before', () => {
  keepPlace(file, box, true);
  expect(readPlace(file, [DISPLAY])).toEqual({ ...box, maximised: true });
});

test.each([
  ['its display is gone', { ...box, x: 2400 }],
  ['it is nearly all to the right', { ...box, x: 1900 }],
  ['it is nearly all to the left', { ...box, x: -950 }],
  ['its top is above the display', { ...box, y: -200 }],
  ['its top is below the display', { ...box, y: 1070 }],
])('where %s the system places it', (_why, place) => {
  keepPlace(file, place, false);
  expect(readPlace(file, [DISPLAY])).toEqual(INITIAL);
});

test('on a second display it stays there, and is no larger than that', () => {
  keepPlace(file, { x: 1950, y: 0, width: 1900, height: 1050 }, false);
  expect(readPlace(file, [DISPLAY, RIGHT])).toEqual({
    x: 1950,
    y: 0,
    width: 1280,
    height: 1024,
    maximised: false,
  });
});

test.each(['', '{', '[]', '{"x":1}', '{"x":0,"y":50,"width":1,"height":1,"maximised":false}', '{"x":1e99}'])(
  'a file of %j is none',
  (text) => {
    writeFileSync(file, text);
    expect(readPlace(file, [DISPLAY])).toEqual(INITIAL);
  },
);

test('a place that cannot be kept is no reason to stop', () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  keepPlace(join(folder, 'none', 'window.json'), box, false);
  expect(error).toHaveBeenCalledOnce();
  error.mockRestore();
});
