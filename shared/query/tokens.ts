import type { PatternPart } from './ast.ts';

export type TokenKind = 'field' | 'operator' | 'value' | 'keyword' | 'number' | 'paren';

/** A piece of a query's text, for colouring: UTF-16 offsets, `to` exclusive. */
export interface QueryToken {
  readonly kind: TokenKind;
  readonly from: number;
  readonly to: number;
}

interface LexicalFault {
  readonly at: number;
  readonly message: string;
  readonly expected: readonly string[];
}

/** A token with what the parser needs of it. */
export interface Lexeme extends QueryToken {
  /** The characters as written; for fields the name, for keywords the lower-case word. */
  readonly text: string;
  /** Of a value: its literals and wildcards. */
  readonly parts: readonly PatternPart[];
  readonly quoted: boolean;
  /** What is wrong with the characters themselves, and where (offset). */
  readonly fault?: LexicalFault | undefined;
}

/** What colours a query while it is typed: works on unfinished and wrong text too. */
export function tokensOf(text: string): readonly QueryToken[] {
  return lex(text).map(({ kind, from, to }) => ({ kind, from, to }));
}

const NUMBER =
  /^(-?\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d)?|\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?|now([-+]\d+\w+)?)$/i;
const KEYWORDS: ReadonlySet<string> = new Set(['and', 'or', 'not']);

/** Ends a word that may be a field name or a free word; a value after an operator may hold `:`, `<` and `>`. */
const TERM_END = /[\s()":<>]/;
const VALUE_END = /[\s()"]/;
const RANGE_END = /[\s()"[\]]/;

/**
 * Cuts a query into tokens. What a word is depends on where it stands only: after an operator, inside the parentheses
 * that follow one, inside a range, or free.
 */
export function lex(text: string): Lexeme[] {
  const lexemes: Lexeme[] = [];
  /** For every open parenthesis: whether values stand in it. */
  const groups: boolean[] = [];
  let afterOperator = false;
  let inRange = false;
  let at = 0;
  const push = (kind: TokenKind, to: number, more: Partial<Lexeme> = {}) => {
    lexemes.push({ kind, from: at, to, text: text.slice(at, to), parts: [], quoted: false, ...more });
    at = to;
  };

  while (at < text.length) {
    const character = text[at]!;
    const values = afterOperator || (groups.at(-1) ?? false);
    if (/\s/.test(character)) {
      at++;
    } else if (character === '(') {
      groups.push(values);
      afterOperator = inRange = false;
      push('paren', at + 1);
    } else if (character === ')') {
      groups.pop();
      afterOperator = inRange = false;
      push('paren', at + 1);
    } else if (inRange ? character === ']' : values && character === '[') {
      inRange = !inRange;
      afterOperator = false;
      push('paren', at + 1);
    } else if (!inRange && (character === '<' || character === '>')) {
      afterOperator = true;
      push('operator', at + (text[at + 1] === '=' ? 2 : 1));
    } else if (!values && !inRange && character === ':') {
      afterOperator = true;
      push('operator', at + 1);
    } else if (character === '"') {
      afterOperator = false;
      const { to, ...more } = readQuoted(text, at);
      push('value', to, more);
    } else {
      const word = readWord(text, at, inRange ? RANGE_END : values ? VALUE_END : TERM_END);
      const raw = text.slice(at, word.to).toLowerCase();
      const keyword = inRange ? raw === 'to' : KEYWORDS.has(raw);
      if (keyword) push('keyword', word.to, { text: raw });
      else if (!values && !inRange && /^\s*[:<>]/.test(text.slice(word.to))) push('field', word.to);
      else push(NUMBER.test(raw) ? 'number' : 'value', word.to, { parts: word.parts, fault: word.fault });
      afterOperator = false;
    }
  }
  return lexemes;
}

interface Word {
  readonly to: number;
  readonly parts: readonly PatternPart[];
  readonly fault?: LexicalFault | undefined;
}

/** The character at `at` always belongs to the word, so that every round of `lex` moves on. */
function readWord(text: string, from: number, end: RegExp): Word {
  const parts: PatternPart[] = [];
  let literal = '';
  let at = from;
  do {
    const character = text[at]!;
    if (character === '\\') {
      if (at + 1 >= text.length) {
        const fault = {
          at,
          message: 'A backslash stands at the end: it must precede the character that it makes literal.',
          expected: ['a character'],
        };
        return { to: text.length, parts, fault };
      }
      literal += text[at + 1]!;
      at += 2;
    } else if (character === '*' || character === '?') {
      if (literal !== '') parts.push({ literal });
      literal = '';
      parts.push({ wildcard: character });
      at++;
    } else {
      literal += character;
      at++;
    }
  } while (at < text.length && !end.test(text[at]!));
  if (literal !== '') parts.push({ literal });
  return { to: at, parts };
}

/** Inside quotes nothing is special but the closing quote and the backslash. */
function readQuoted(text: string, from: number): Word & { readonly quoted: true } {
  let literal = '';
  let at = from + 1;
  while (at < text.length && text[at] !== '"') {
    if (text[at] === '\\') at++;
    if (at < text.length) literal += text[at]!;
    at++;
  }
  const parts = literal === '' ? [] : [{ literal }];
  if (at < text.length) return { to: at + 1, parts, quoted: true };
  const fault = { at: from, message: 'This quote is never closed.', expected: ['"'] };
  return { to: text.length, parts, quoted: true, fault };
}
