/** Where the window was and how large, kept between runs. */
import { readFileSync, writeFileSync } from 'node:fs';
import * as v from 'valibot';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
export interface Place extends Partial<Box> {
  readonly width: number;
  readonly height: number;
  readonly maximised: boolean;
}

export const SMALLEST = { width: 380, height: 480 } as const;
const INITIAL: Place = { width: 1440, height: 900, maximised: false };
/** As much of the window's top has to be on a display that a pointer can take hold of it. */
const GRIP = { width: 120, height: 24 } as const;

const whole = v.pipe(v.number(), v.safeInteger());
const kept = v.strictObject({
  x: whole,
  y: whole,
  width: v.pipe(whole, v.minValue(SMALLEST.width)),
  height: v.pipe(whole, v.minValue(SMALLEST.height)),
  maximised: v.boolean(),
});

/**
 * @param displays the work areas that there are now: a window that no display shows any more begins where the system
 *   puts it, and none is larger than its display.
 */
export function readPlace(file: string, displays: readonly Box[]): Place {
  const parsed = v.safeParse(kept, json(file));
  if (!parsed.success) return INITIAL;
  const { x, y, width, height, maximised } = parsed.output;
  const shownBy = displays.find(
    (display) =>
      Math.min(x + width, display.x + display.width) - Math.max(x, display.x) >= GRIP.width &&
      y >= display.y - GRIP.height / 2 &&
      y + GRIP.height <= display.y + display.height,
  );
  if (shownBy === undefined) return { ...INITIAL, maximised };
  return {
    x,
    y,
    width: Math.min(width, shownBy.width),
    height: Math.min(height, shownBy.height),
    maximised,
  };
}

/** Where it cannot be kept, the window opens as at first: nothing worth a word. */
export function keepPlace(file: string, box: Box, maximised: boolean): void {
  const { x, y, width, height } = box;
  try {
    writeFileSync(file, JSON.stringify({ x, y, width, height, maximised }), { mode: 0o600 });
  } catch (error) {
    console.error(`The window’s place is not kept: ${error instanceof Error ? error.message : 'unknown'}`);
  }
}

function json(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined; // there is none yet, or somebody wrote into it
  }
}
