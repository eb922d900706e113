import { FIELDS, isFieldName, type FieldName } from '../event.ts';

const NAMES: readonly FieldName[] = Object.keys(FIELDS).filter(isFieldName);

/** Fields that a mistyped or shortened name may have meant, best first, at most three. */
export function nearestFields(name: string): readonly FieldName[] {
  return nearestNames(name, NAMES);
}

/** The same among names of any kind, written with dots. */
export function nearestNames<N extends string>(name: string, names: readonly N[]): readonly N[] {
  const wanted = name.toLowerCase();
  const scored = names.map((field) => ({ field, distance: distanceTo(field, wanted) }));
  const near = scored.filter(({ distance, field }) => distance <= Math.max(1, Math.min(3, field.length / 4)));
  return near
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ field }) => field);
}

/** 0.5 for a name given without its first parts (`pid`), else the number of edits. */
function distanceTo(field: string, wanted: string): number {
  if (field === wanted) return 0;
  if (field.endsWith(`.${wanted}`)) return field.split('.').length / 10;
  return Math.abs(field.length - wanted.length) > 3 ? Infinity : edits(field, wanted);
}

/** Insertions, deletions, replacements and swaps of neighbours that make one text the other. */
function edits(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}
