import type { Pattern } from '../../shared/query.ts';
import type { ChunkSet } from './chunk-set.ts';
import { isOdd } from './dictionary.ts';

/** The inverse of how a list is stored. @throws TypeError or SyntaxError where the dictionary is damaged. */
export function readList(stored: unknown): readonly string[] {
  const list: unknown = JSON.parse(typeof stored === 'string' ? stored : 'null');
  if (!Array.isArray(list) || !list.every((member) => typeof member === 'string')) {
    throw new TypeError('a dictionary entry holds no list of texts');
  }
  return list;
}

/** A–Z as a–z and nothing else: what queries take for equal. */
export function foldText(text: string): string {
  return /^[\0-\x7f]*$/.test(text)
    ? text.toLowerCase()
    : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The texts that every match of the pattern holds, longest first, folded. */
export function literalsOf(pattern: Pattern): readonly string[] {
  return pattern
    .flatMap((part) => ('literal' in part ? [foldText(part.literal)] : []))
    .sort((a, b) => b.length - a.length);
}

/** The only text, but for capitals, that the pattern matches; undefined where it has wildcards. */
export function exactText(pattern: Pattern): string | undefined {
  const [first, ...rest] = pattern;
  if (first === undefined) return '';
  return rest.length === 0 && 'literal' in first ? first.literal : undefined;
}

/** Whether only odd texts (see dictionary.ts) can match. */
export const isOddPattern = (pattern: Pattern) =>
  pattern.some((part) => 'literal' in part && isOdd(part.literal));

/** How much a look at the index may cost. */
export interface Effort {
  /** More ids than this are too many to go on with. */
  readonly ids: number;
  /** Whether the whole dictionary may be looked through, where no index helps. */
  readonly scan: boolean;
}
/** Common terms are found faster by looking at events. */
export const QUICK: Effort = { ids: 256, scan: false };
/** For when that has found too little. */
export const THOROUGH: Effort = { ids: 8192, scan: true };

/** Ids of a dictionary. Where not `exact`, some may not be what was asked for. */
export interface Ids {
  readonly ids: readonly number[];
  readonly exact: boolean;
}

/** What a partition's index knows of its texts, and of the chunks that use them. */
export interface TermIndex {
  /** Texts that match; undefined: it would cost too much to say. */
  strings(pattern: Pattern, effort: Effort): Ids | undefined;
  /** Texts that may be addresses and pass the test. */
  addresses(test: (text: string) => boolean, effort: Effort): Ids | undefined;
  /** Lists with a member that matches. */
  lists(pattern: Pattern, effort: Effort): Ids | undefined;
  /** The chunks where each of these columns has one of the ids; columns that nowhere have one are left out. */
  uses(ids: readonly number[], columns: readonly number[]): ReadonlyMap<number, ChunkSet>;
}
