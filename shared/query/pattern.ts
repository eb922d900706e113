import type { Pattern, PatternPart } from './ast.ts';

const ONE = -1;

/** Marks `?` in a segment; every other number is a UTF-16 unit, A–Z folded to a–z. */
type Segment = Int32Array;

const fold = (unit: number) => (unit >= 65 && unit <= 90 ? unit + 32 : unit);
const isHigh = (unit: number) => (unit & 0xfc00) === 0xd800;
const isLow = (unit: number) => (unit & 0xfc00) === 0xdc00;

/** Neighbouring literals joined, `**` as `*`, empty literals left out: equal patterns have equal parts. */
export function normalPattern(parts: Pattern): Pattern {
  const normal: PatternPart[] = [];
  for (const part of parts) {
    const last = normal.at(-1);
    if ('literal' in part) {
      if (part.literal === '') continue;
      if (last !== undefined && 'literal' in last)
        normal[normal.length - 1] = { literal: last.literal + part.literal };
      else normal.push(part);
    } else if (!(
      part.wildcard === '*' &&
      last !== undefined &&
      'wildcard' in last &&
      last.wildcard === '*'
    )) {
      normal.push(part);
    }
  }
  return normal;
}

/** The pattern that matches wherever `pattern` occurs inside a text. */
export function containing(pattern: Pattern): Pattern {
  return normalPattern([{ wildcard: '*' }, ...pattern, { wildcard: '*' }]);
}

/**
 * Compiles a pattern to a test of a whole text. Time is linear in text × pattern: with several `*` each piece is
 * taken at its first place, which never misses a match and never backtracks.
 */
export function compilePattern(pattern: Pattern): (text: string) => boolean {
  const segments = segmentsOf(pattern);
  const first = segments[0]!;
  if (segments.length === 1) return (text) => matchAt(text, 0, first) === text.length;
  const last = segments.at(-1)!;
  const middle = segments.slice(1, -1);
  const lastLength = last.length;
  return (text) => {
    let at = matchAt(text, 0, first);
    if (at < 0) return false;
    for (const segment of middle) {
      at = find(text, at, segment);
      if (at < 0) return false;
    }
    if (lastLength === 0) return true;
    const start = startOfLast(text, last);
    return start >= at && matchAt(text, start, last) === text.length;
  };
}

function segmentsOf(pattern: Pattern): Segment[] {
  const segments: number[][] = [[]];
  for (const part of pattern) {
    if ('literal' in part) {
      for (let i = 0; i < part.literal.length; i++) segments.at(-1)!.push(fold(part.literal.charCodeAt(i)));
    } else if (part.wildcard === '?') {
      segments.at(-1)!.push(ONE);
    } else {
      segments.push([]);
    }
  }
  return segments.map((units) => Int32Array.from(units));
}

/** Where the segment ends when it starts at `at`; -1 where it does not match. */
function matchAt(text: string, at: number, segment: Segment): number {
  for (let i = 0; i < segment.length; i++) {
    if (at >= text.length) return -1;
    const unit = text.charCodeAt(at);
    const wanted = segment[i]!;
    at++;
    if (wanted === ONE) {
      if (splitsPair(text, at - 1)) return -1;
      if (isHigh(unit) && at < text.length && isLow(text.charCodeAt(at))) at++;
    } else if (wanted !== unit && wanted !== fold(unit)) {
      return -1;
    }
  }
  return splitsPair(text, at) ? -1 : at;
}

/** Whether `at` lies inside a surrogate pair: characters are code points, so nothing may begin or end there. */
function splitsPair(text: string, at: number): boolean {
  return at > 0 && at < text.length && isLow(text.charCodeAt(at)) && isHigh(text.charCodeAt(at - 1));
}

function find(text: string, from: number, segment: Segment): number {
  if (segment.length === 0) return from;
  const lead = segment[0]!;
  const end = text.length;
  for (let at = from; at < end; at++) {
    if (lead !== ONE) {
      const unit = text.charCodeAt(at);
      if (unit !== lead && fold(unit) !== lead) continue;
    }
    if (splitsPair(text, at)) continue;
    const after = matchAt(text, at, segment);
    if (after >= 0) return after;
  }
  return -1;
}

/** Where the last segment must start so that it ends with the text; -1 where the text is too short. */
function startOfLast(text: string, segment: Segment): number {
  let at = text.length;
  for (let i = segment.length - 1; i >= 0; i--) {
    at--;
    if (at < 0) return -1;
    if (segment[i] === ONE && at > 0 && splitsPair(text, at)) at--;
  }
  return splitsPair(text, at) ? -1 : at;
}
