import type { FieldName } from '../event.ts';

/** A literal run of text, `*` (any run of characters, empty too) or `?` (exactly one character, a code point). */
export type PatternPart = { readonly literal: string } | { readonly wildcard: '*' | '?' };

/**
 * What a text value is compared with. The whole value must match, and A–Z equal a–z; no other letters are folded,
 * because SQLite folds no others either, and stored and live events must give the same answer.
 */
export type Pattern = readonly PatternPart[];

export type Comparison = 'is' | 'gt' | 'gte' | 'lt' | 'lte';

/**
 * What a number or date is compared with. `number` carries nanoseconds where the field is a duration.
 * `time` is ISO 8601 as it was written: it names the whole day, minute, second … down to its last digit.
 * `ago` is that many milliseconds before the moment the query is compiled.
 */
export type Scalar =
  | { readonly of: 'number'; readonly value: number }
  | { readonly of: 'time'; readonly text: string }
  | { readonly of: 'ago'; readonly ms: number };

export type Condition =
  /** Some text field contains the pattern. */
  | { readonly type: 'anywhere'; readonly pattern: Pattern }
  | { readonly type: 'present'; readonly field: FieldName }
  /** keyword, ip: the value matches; keywords: some member matches. */
  | { readonly type: 'match'; readonly field: FieldName; readonly pattern: Pattern }
  | { readonly type: 'compare'; readonly field: FieldName; readonly op: Comparison; readonly value: Scalar }
  /** Both ends belong to the range; null is open. */
  | {
      readonly type: 'between';
      readonly field: FieldName;
      readonly from: Scalar | null;
      readonly to: Scalar | null;
    }
  | { readonly type: 'boolean'; readonly field: FieldName; readonly value: boolean }
  /** An address, or a CIDR block that contains it. */
  | { readonly type: 'network'; readonly field: FieldName; readonly network: string };

/**
 * A query. Two-valued: a condition on an absent field is false, so `not` of it is true.
 * `and` directly inside `and` (and `or` inside `or`) does not occur: the parser flattens it.
 */
export type Query =
  | Condition
  | { readonly type: 'and'; readonly terms: readonly Query[] }
  | { readonly type: 'or'; readonly terms: readonly Query[] }
  | { readonly type: 'not'; readonly term: Query };

/** Why a text is no query: one sentence, where (1-based, in UTF-16 units), and what could have stood there. */
export interface QueryError {
  readonly column: number;
  readonly message: string;
  readonly expected: readonly string[];
}

/** A sequence of terms as one query, flat. */
export function join(type: 'and' | 'or', terms: readonly Query[]): Query {
  const [first, ...rest] = terms;
  if (first !== undefined && rest.length === 0) return first;
  return { type, terms: terms.flatMap((term) => (term.type === type ? term.terms : [term])) };
}
