import { FIELDS, isFieldName, type FieldKind, type FieldName } from '../event.ts';
import { join, type Comparison, type Query, type QueryError, type Scalar } from './ast.ts';
import { compileNetwork } from './network.ts';
import { normalPattern } from './pattern.ts';
import { nearestFields } from './suggest.ts';
import { lex, type Lexeme } from './tokens.ts';
import { DURATION_FIELDS, parseDuration, parseLong, parseTime } from './values.ts';

export const MAX_QUERY_LENGTH = 8192;
/** Parentheses and `not`s inside each other. */
export const MAX_QUERY_DEPTH = 64;
export const MAX_CONDITIONS = 128;
/** `*` and `?` in one value. */
export const MAX_WILDCARDS = 64;

class Refusal extends Error {
  readonly at: number;
  readonly expected: readonly string[];
  constructor(at: number, message: string, expected: readonly string[]) {
    super(message);
    this.at = at;
    this.expected = expected;
  }
}

/** Parses a query; empty text is no query (null), which everything matches. */
export function parseQuery(
  text: string,
): { readonly ok: true; readonly value: Query | null } | { readonly ok: false; readonly error: QueryError } {
  try {
    if (text.length > MAX_QUERY_LENGTH) {
      const length = text.length.toLocaleString('en');
      const message = `The query has ${length} characters; at most ${MAX_QUERY_LENGTH.toLocaleString('en')} fit.`;
      throw new Refusal(MAX_QUERY_LENGTH, message, ['end of the query']);
    }
    return { ok: true, value: new Parser(text).whole() };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ok: false, error: { column: error.at + 1, message: error.message, expected: error.expected } };
  }
}

const COMPARISONS: ReadonlyMap<string, Comparison> = new Map([
  [':', 'is'],
  ['>', 'gt'],
  ['>=', 'gte'],
  ['<', 'lt'],
  ['<=', 'lte'],
]);

const TERM_EXPECTED = ['a field', 'a word', '"a phrase"', '(', 'not'];

const VALUE_EXPECTED: Readonly<Record<FieldKind, readonly string[]>> = {
  keyword: ['a text', '"a text"', 'a pattern with * or ?', '(', '*'],
  keywords: ['a text', '"a text"', 'a pattern with * or ?', '(', '*'],
  long: ['a whole number', 'a range [1 to 2]', '(', '*'],
  date: ['a date such as 2026-11-22T10:00', 'now-10m', 'a range [now-1h to now]', '*'],
  ip: ['an address', 'a CIDR block', 'a pattern with *', '(', '*'],
  boolean: ['true', 'false', '*'],
};

class Parser {
  readonly #lexemes: readonly Lexeme[];
  readonly #end: number;
  #next = 0;
  #conditions = 0;
  #depth = 0;

  constructor(text: string) {
    this.#lexemes = lex(text);
    this.#end = text.length;
  }

  whole(): Query | null {
    if (this.#lexemes.length === 0) return null;
    const query = this.#sequence('or', () => this.#term());
    const rest = this.#peek();
    if (rest === undefined) return query;
    throw new Refusal(rest.from, 'This closing parenthesis has no opening one.', [
      'and',
      'or',
      'end of the query',
    ]);
  }

  #peek(): Lexeme | undefined {
    return this.#lexemes[this.#next];
  }

  #isNext(text: string, kind: Lexeme['kind']): boolean {
    const lexeme = this.#peek();
    return lexeme !== undefined && lexeme.kind === kind && lexeme.text === text;
  }

  #skip(text: string, kind: Lexeme['kind']): boolean {
    const found = this.#isNext(text, kind);
    if (found) this.#next++;
    return found;
  }

  #at(): number {
    return this.#peek()?.from ?? this.#end;
  }

  /** `or` binds least, then `and` (or nothing at all), then `not`. */
  #sequence(type: 'or' | 'and', atom: () => Query): Query {
    const operand = () => (type === 'or' ? this.#sequence('and', atom) : this.#negation(atom));
    const terms = [operand()];
    for (;;) {
      const spoken = this.#skip(type, 'keyword');
      if (!spoken && (type === 'or' || this.#endsSequence())) return join(type, terms);
      terms.push(operand());
    }
  }

  #endsSequence(): boolean {
    return this.#peek() === undefined || this.#isNext(')', 'paren') || this.#isNext('or', 'keyword');
  }

  #negation(atom: () => Query): Query {
    if (!this.#isNext('not', 'keyword')) return atom();
    const query = this.#deeper(() => {
      this.#next++;
      return this.#negation(atom);
    });
    return { type: 'not', term: query };
  }

  #deeper<T>(inner: () => T): T {
    if (++this.#depth > MAX_QUERY_DEPTH) {
      throw new Refusal(this.#at(), `Nested deeper than ${MAX_QUERY_DEPTH} levels.`, ['fewer parentheses']);
    }
    const value = inner();
    this.#depth--;
    return value;
  }

  #group(atom: () => Query): Query {
    const open = this.#at();
    return this.#deeper(() => {
      this.#next++;
      const query = this.#sequence('or', atom);
      if (!this.#skip(')', 'paren')) {
        const expected = ['and', 'or', ')'];
        throw new Refusal(
          this.#at(),
          `The parenthesis opened in column ${open + 1} is never closed.`,
          expected,
        );
      }
      return query;
    });
  }

  #term(): Query {
    if (this.#isNext('(', 'paren')) return this.#group(() => this.#term());
    const lexeme = this.#peek();
    if (lexeme === undefined)
      throw new Refusal(this.#end, 'The query stops where a term should follow.', TERM_EXPECTED);
    if (lexeme.kind === 'field') return this.#field(lexeme);
    if (lexeme.kind === 'value' || lexeme.kind === 'number') return this.#anywhere(this.#value(lexeme));
    throw new Refusal(lexeme.from, `A term should stand here, not “${lexeme.text}”.`, TERM_EXPECTED);
  }

  #value(lexeme: Lexeme): Lexeme {
    const { fault } = lexeme;
    if (fault !== undefined) throw new Refusal(fault.at, fault.message, fault.expected);
    if (lexeme.parts.filter((part) => 'wildcard' in part).length > MAX_WILDCARDS) {
      throw new Refusal(lexeme.from, `More than ${MAX_WILDCARDS} wildcards in one value.`, [
        'fewer wildcards',
      ]);
    }
    this.#next++;
    return lexeme;
  }

  #count<Q extends Query>(at: number, query: Q): Q {
    if (++this.#conditions > MAX_CONDITIONS) {
      throw new Refusal(at, `More than ${MAX_CONDITIONS} conditions in one query.`, ['end of the query']);
    }
    return query;
  }

  #anywhere(lexeme: Lexeme): Query {
    const pattern = normalPattern(lexeme.parts);
    if (!pattern.some((part) => 'literal' in part)) {
      const message = 'A search in all fields needs at least one character that is no wildcard.';
      throw new Refusal(lexeme.from, message, ['a word', 'a field']);
    }
    return this.#count(lexeme.from, { type: 'anywhere', pattern });
  }

  #field(lexeme: Lexeme): Query {
    const name = lexeme.text;
    if (!isFieldName(name)) {
      const near = nearestFields(name);
      const hint =
        near.length === 0
          ? 'Put it in quotes to search for it as text.'
          : `Did you mean ${near.join(' or ')}?`;
      throw new Refusal(
        lexeme.from,
        `There is no field “${name}”. ${hint}`,
        near.length === 0 ? ['a field'] : near,
      );
    }
    this.#next++;
    const operator = this.#peek();
    const op = operator === undefined ? undefined : COMPARISONS.get(operator.text);
    if (operator === undefined || op === undefined) {
      throw new Refusal(this.#at(), 'An operator should stand here.', [':', '>', '>=', '<', '<=']);
    }
    this.#next++;
    if (op !== 'is') return this.#compare(name, op, operator);
    if (this.#isNext('(', 'paren')) return this.#group(() => this.#fieldValue(name));
    return this.#fieldValue(name);
  }

  /** What may follow `field:`: a value, a comparison, a range; inside a group, a further group. */
  #fieldValue(name: FieldName): Query {
    if (this.#isNext('(', 'paren')) return this.#group(() => this.#fieldValue(name));
    if (this.#isNext('[', 'paren')) return this.#range(name);
    const lexeme = this.#peek();
    const op = lexeme?.kind === 'operator' ? COMPARISONS.get(lexeme.text) : undefined;
    if (lexeme !== undefined && op !== undefined && op !== 'is') {
      this.#next++;
      return this.#compare(name, op, lexeme);
    }
    return this.#plain(name, this.#operand(name));
  }

  #operand(name: FieldName): Lexeme {
    const lexeme = this.#peek();
    const expected = VALUE_EXPECTED[FIELDS[name].kind];
    if (lexeme === undefined) throw new Refusal(this.#end, `A value of ${name} should follow.`, expected);
    if (lexeme.kind === 'value' || lexeme.kind === 'number') return this.#value(lexeme);
    const hint = lexeme.kind === 'keyword' ? ' Put it in quotes to mean the word.' : '';
    throw new Refusal(
      lexeme.from,
      `A value of ${name} should stand here, not “${lexeme.text}”.${hint}`,
      expected,
    );
  }

  #plain(field: FieldName, lexeme: Lexeme): Query {
    const pattern = normalPattern(lexeme.parts);
    const wild = pattern.some((part) => 'wildcard' in part);
    const only = pattern.length === 1 ? pattern[0] : undefined;
    if (only !== undefined && 'wildcard' in only && only.wildcard === '*') {
      return this.#count(lexeme.from, { type: 'present', field });
    }
    const text = pattern.map((part) => ('literal' in part ? part.literal : part.wildcard)).join('');
    const { kind } = FIELDS[field];
    switch (kind) {
      case 'keyword':
      case 'keywords':
        return this.#count(lexeme.from, { type: 'match', field, pattern });
      case 'ip':
        if (wild) return this.#count(lexeme.from, { type: 'match', field, pattern });
        if (compileNetwork(text) === undefined) throw this.#wrong(field, text, lexeme);
        return this.#count(lexeme.from, { type: 'network', field, network: text.toLowerCase() });
      case 'boolean': {
        const value = text.toLowerCase();
        if (value !== 'true' && value !== 'false') throw this.#wrong(field, text, lexeme);
        return this.#count(lexeme.from, { type: 'boolean', field, value: value === 'true' });
      }
      case 'long':
      case 'date':
        return this.#count(lexeme.from, {
          type: 'compare',
          field,
          op: 'is',
          value: this.#scalar(field, lexeme),
        });
    }
  }

  #compare(field: FieldName, op: Comparison, operator: Lexeme): Query {
    this.#requireOrdered(field, operator);
    const lexeme = this.#operand(field);
    return this.#count(lexeme.from, { type: 'compare', field, op, value: this.#scalar(field, lexeme) });
  }

  #range(field: FieldName): Query {
    const open = this.#peek()!;
    this.#requireOrdered(field, open);
    this.#next++;
    const from = this.#rangeEnd(field);
    if (!this.#skip('to', 'keyword'))
      throw new Refusal(this.#at(), 'A range is written [from to until].', ['to']);
    const to = this.#rangeEnd(field);
    if (!this.#skip(']', 'paren')) throw new Refusal(this.#at(), 'This range is never closed.', [']']);
    return this.#count(open.from, { type: 'between', field, from, to });
  }

  #rangeEnd(field: FieldName): Scalar | null {
    const lexeme = this.#operand(field);
    return !lexeme.quoted && lexeme.text === '*' ? null : this.#scalar(field, lexeme);
  }

  #requireOrdered(field: FieldName, lexeme: Lexeme): void {
    const { kind } = FIELDS[field];
    if (kind === 'long' || kind === 'date') return;
    const hint =
      kind === 'ip' ? 'use a CIDR block such as 10.0.0.0/8' : 'a literal [ or > is written \\[ or \\>';
    const message = `“${lexeme.text}” compares numbers and dates, and ${field} is neither; ${hint}.`;
    throw new Refusal(lexeme.from, message, [':']);
  }

  #scalar(field: FieldName, lexeme: Lexeme): Scalar {
    const wild = lexeme.parts.some((part) => 'wildcard' in part);
    const text = lexeme.parts.map((part) => ('literal' in part ? part.literal : part.wildcard)).join('');
    const scalar = wild ? undefined : readScalar(field, text);
    if (scalar === undefined) throw this.#wrong(field, text, lexeme);
    return scalar;
  }

  #wrong(field: FieldName, text: string, lexeme: Lexeme): Refusal {
    const { kind } = FIELDS[field];
    const article =
      kind === 'ip' ? 'an address or CIDR block' : kind === 'boolean' ? 'true or false' : `a ${NOUNS[kind]}`;
    const duration = DURATION_FIELDS.has(field) ? ['20ms', '3s'] : [];
    const message = `${field} takes ${article}, and “${text}” is none.`;
    return new Refusal(lexeme.from, message, [...duration, ...VALUE_EXPECTED[kind]]);
  }
}

const NOUNS: Readonly<Record<FieldKind, string>> = {
  keyword: 'text',
  keywords: 'text',
  long: 'whole number',
  date: 'date',
  ip: 'address',
  boolean: 'truth value',
};

function readScalar(field: FieldName, text: string): Scalar | undefined {
  if (FIELDS[field].kind === 'date') return parseTime(text);
  const value = DURATION_FIELDS.has(field) ? parseDuration(text) : parseLong(text);
  return value === undefined ? undefined : { of: 'number', value };
}
