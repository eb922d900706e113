/** What is being written at a place of a query. */
import { FIELDS, isFieldName, type FieldName } from '../event.ts';
import type { Query } from './ast.ts';
import { formatQuery } from './format.ts';
import { parseQuery } from './parse.ts';
import { lex, type Lexeme } from './tokens.ts';

/** What stands, or begins, at a place of a query. `from` to `to` is what a choice replaces. */
export type Completing =
  /** A term, or, where `after` a whole one, a word that joins it to the next. */
  | {
      readonly at: 'term';
      readonly prefix: string;
      readonly from: number;
      readonly to: number;
      readonly after: boolean;
      /** An open parenthesis can be closed here. */
      readonly closes: boolean;
    }
  /** A field's name is whole, and nothing follows. */
  | { readonly at: 'operator'; readonly field: FieldName; readonly from: number; readonly to: number }
  | {
      readonly at: 'value';
      readonly field: FieldName;
      /** What was typed of it, without quotes; undefined where it has wildcards. */
      readonly prefix: string | undefined;
      readonly from: number;
      readonly to: number;
      /** The query without the term that is being written: what the value's counts are counted in. */
      readonly rest: string;
    };

interface Place {
  /** Parentheses that are open, the field of each that holds values. */
  readonly groups: (FieldName | undefined)[];
  /** Where the term begins that a value belongs to. */
  termFrom: number;
  /** A field and its operator came last. */
  pending: FieldName | undefined;
  /** The same of a field that does not exist. */
  lost: boolean;
  /** A whole term, or value, came last. */
  whole: boolean;
  inRange: boolean;
}

/** @returns undefined where nothing can be proposed: inside a phrase, or beside a field that does not exist. */
export function completionAt(text: string, caret: number): Completing | undefined {
  const lexemes = lex(text.slice(0, caret));
  const last = lexemes.at(-1);
  const touches = last !== undefined && last.to === caret && isWord(last);
  const word = touches ? last : undefined;
  const place = walk(touches ? lexemes.slice(0, -1) : lexemes);
  const from = word?.from ?? caret;
  const to = word === undefined ? caret : endOfWord(text, word);
  if (place.inRange) return undefined;
  const field = place.pending ?? (place.whole ? undefined : place.groups.at(-1));
  if (field !== undefined) {
    const rest = restOf(text, place.termFrom, to, place.groups.filter((each) => each !== undefined).length);
    return { at: 'value', field, prefix: prefixOf(word), from, to, rest };
  }
  if (place.lost || word?.quoted === true) return undefined;
  const typed = text.slice(from, caret);
  if (isFieldName(typed) && !place.whole && !longer(typed))
    return { at: 'operator', field: typed, from: caret, to: caret };
  const closes = place.whole && place.groups.length > 0;
  return { at: 'term', prefix: typed, from, to, after: place.whole, closes };
}

const isWord = ({ kind }: Lexeme) => kind !== 'operator' && kind !== 'paren';
const longer = (name: string) =>
  Object.keys(FIELDS).some((each) => each !== name && each.startsWith(`${name}.`));

function walk(lexemes: readonly Lexeme[]): Place {
  const place: Place = {
    groups: [],
    termFrom: 0,
    pending: undefined,
    lost: false,
    whole: false,
    inRange: false,
  };
  let name: string | undefined;
  for (const { kind, text, from } of lexemes) {
    switch (kind) {
      case 'field':
        name = text;
        place.termFrom = from;
        place.lost = false;
        place.whole = false;
        break;
      case 'operator':
        if (name !== undefined) place.pending = isFieldName(name) ? name : undefined;
        place.lost = place.pending === undefined;
        break;
      case 'paren':
        if (text === '(') {
          place.groups.push(place.pending ?? place.groups.at(-1));
          place.pending = undefined;
          place.lost = false;
          place.whole = false;
        } else if (text === ')') {
          place.groups.pop();
          place.pending = undefined;
          place.lost = false;
          place.whole = true;
        } else {
          place.inRange = text === '[';
          place.pending = undefined;
          place.lost = false;
          place.whole = text === ']';
        }
        break;
      case 'keyword':
        place.whole = false;
        break;
      default:
        place.pending = undefined;
        place.lost = false;
        place.whole = true;
    }
  }
  return place;
}

/** The word goes on behind the caret. */
function endOfWord(text: string, word: Lexeme): number {
  const whole = lex(text).find(({ from, to }) => from <= word.from && word.from < to);
  // An open quote would take the rest of the query with it.
  return whole === undefined || whole.fault !== undefined ? word.to : Math.max(word.to, whole.to);
}

function prefixOf(word: Lexeme | undefined): string | undefined {
  if (word === undefined) return '';
  // Between parentheses `and`, `or` and `not` are keywords only once they stand alone.
  if (word.kind === 'keyword') return word.text;
  const wild = word.parts.some((part) => 'wildcard' in part);
  return wild ? undefined : word.parts.map((part) => ('literal' in part ? part.literal : '')).join('');
}

/** Stands for the term that is left out: nobody writes it. */
const HOLE = '\u{10fffd}';

/** The query without the term from `from` on, whose value ends at `to`; empty where what is left is no query. */
function restOf(text: string, from: number, to: number, open: number): string {
  const tail = afterGroups(text.slice(to), open);
  const written = `${text.slice(0, from)} message:${HOLE} ${tail}`;
  const missing = depthOf(written);
  const parsed = parseQuery(written + ')'.repeat(Math.max(0, missing)));
  const whole = parsed.ok
    ? parsed
    : parseQuery(
        `${text.slice(0, from)} message:${HOLE}${')'.repeat(Math.max(0, depthOf(text.slice(0, from))))}`,
      );
  return whole.ok && whole.value !== null ? formatQuery(without(whole.value) ?? null) : '';
}

/** What stands behind so many closing parentheses. */
function afterGroups(text: string, open: number): string {
  if (open === 0) return text;
  let depth = open;
  for (const { kind, text: written, to } of lex(text)) {
    if (kind !== 'paren') continue;
    if (written === '(') depth += 1;
    else if (written === ')') depth -= 1;
    if (depth === 0) return text.slice(to);
  }
  return '';
}

function depthOf(text: string): number {
  return lex(text).reduce(
    (depth, { kind, text: written }) =>
      kind !== 'paren' ? depth : written === '(' ? depth + 1 : written === ')' ? depth - 1 : depth,
    0,
  );
}

/** The query as if the term that is being written were true of everything. */
function without(query: Query): Query | undefined {
  switch (query.type) {
    case 'and':
    case 'or': {
      const terms = query.terms.map(without);
      // Whatever else may hold as well says nothing.
      if (query.type === 'or' && terms.includes(undefined)) return undefined;
      const left = terms.filter((term) => term !== undefined);
      const [only] = left;
      return left.length > 1 ? { type: query.type, terms: left } : only;
    }
    case 'not': {
      const term = without(query.term);
      return term === undefined ? undefined : { type: 'not', term };
    }
    case 'match': {
      const [part] = query.pattern;
      return part !== undefined && 'literal' in part && part.literal === HOLE ? undefined : query;
    }
    default:
      return query;
  }
}
