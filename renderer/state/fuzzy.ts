/** Finds words by some of their letters, in order: "tdark" finds "Theme: dark". */

export interface Match {
  /** Higher is better. */
  readonly score: number;
  /** Which characters of the text matched. */
  readonly at: readonly number[];
}

const BEGINS_WORD = 8;
const FOLLOWS = 5;
const BEGINS_TEXT = 4;
/** Each character that is passed over. */
const GAP = -0.2;

/** @returns undefined where the text does not hold the letters in this order. Blanks of the query count for nothing. */
export function fuzzy(query: string, text: string): Match | undefined {
  const wanted = [...query.toLowerCase().replace(/\s+/gu, '')];
  const found = [...text.toLowerCase()];
  if (wanted.length === 0) return { score: 0, at: [] };
  if (wanted.length > found.length) return undefined;

  /** The best way that ends with wanted[i] on found[j]. */
  let row: (Way | undefined)[] = [];
  wanted.forEach((letter, i) => {
    const next: (Way | undefined)[] = [];
    let best: Way | undefined; // of the row before, left of j
    found.forEach((character, j) => {
      const before = i === 0 ? START : best;
      const follows = i === 0 ? undefined : row[j - 1];
      if (i > 0 && row[j - 1] !== undefined) best = better(worn(best), row[j - 1]);
      else best = worn(best);
      if (character !== letter) return;
      next[j] = better(
        extend(before, j, bonus(found, j) + (i === 0 ? j * GAP : 0)),
        follows && extend(follows, j, bonus(found, j) + FOLLOWS),
      );
    });
    row = next;
  });
  const way = row.reduce((one, other) => better(one, other), undefined);
  return way && { score: way.score - found.length * 0.01, at: places(way) };
}

interface Way {
  readonly score: number;
  readonly at: number;
  readonly before: Way | undefined;
}

const START: Way = { score: 0, at: -1, before: undefined };

const worn = (way: Way | undefined) => way && { ...way, score: way.score + GAP };

const better = (one: Way | undefined, other: Way | undefined) =>
  one === undefined || (other !== undefined && other.score > one.score) ? other : one;

const extend = (before: Way | undefined, at: number, score: number): Way | undefined =>
  before && { score: before.score + score, at, before };

function bonus(text: readonly string[], at: number): number {
  if (at === 0) return BEGINS_TEXT + BEGINS_WORD;
  return /[\p{L}\p{N}]/u.test(text[at - 1] ?? '') ? 0 : BEGINS_WORD;
}

function places(way: Way): readonly number[] {
  const at: number[] = [];
  for (let each: Way | undefined = way; each !== undefined && each !== START; each = each.before) {
    if (each.at >= 0) at.unshift(each.at);
  }
  return at;
}
