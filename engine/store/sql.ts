import { FIELDS } from '../../shared/event.ts';
import { assertNever } from '../../shared/result.ts';
import type { Pattern, Query } from '../../shared/query.ts';
import { containing } from '../../shared/query/pattern.ts';
import { TEXT_FIELDS } from '../../shared/query/predicate.ts';
import { boundsOf } from '../../shared/query/values.ts';
import { columnSql } from './columns.ts';
import { listTerm, networkTerm, stringTerm, type Term } from './terms.ts';

/** A condition in SQL over the columns of `event`: always 0 or 1, never NULL, so that NOT means what it says. */
export interface Condition {
  readonly sql: string;
  /** Of its `?`s, in their order. */
  readonly params: readonly number[];
}

/**
 * Compiles a query to SQL. Texts never meet SQL here: each is a term, a set of dictionary ids that the caller keeps.
 * @param tableOf the one-column table that holds the term's ids.
 * @param now epoch milliseconds that `now-10m` counts from.
 */
export function compileSql(query: Query, now: number, tableOf: (term: Term) => string): Condition {
  const compile = (part: Query): Condition => compileSql(part, now, tableOf);
  switch (query.type) {
    case 'and':
      return balanced('AND', query.terms.map(compile));
    case 'or':
      return balanced('OR', query.terms.map(compile));
    case 'not': {
      const { sql, params } = compile(query.term);
      return { sql: `NOT ${sql}`, params };
    }
    case 'anywhere':
      return anywhere(containing(query.pattern), tableOf);
    case 'present':
      return { sql: `(${columnSql(query.field)} IS NOT NULL)`, params: [] };
    case 'match': {
      const list = FIELDS[query.field].kind === 'keywords';
      const table = tableOf(list ? listTerm(query.pattern) : stringTerm(query.pattern));
      return { sql: isIn(columnSql(query.field), table), params: [] };
    }
    case 'network':
      return { sql: isIn(columnSql(query.field), tableOf(networkTerm(query.network))), params: [] };
    case 'boolean':
      return { sql: `(${columnSql(query.field)} IS ?)`, params: [query.value ? 1 : 0] };
    case 'compare':
    case 'between': {
      const column = columnSql(query.field);
      const { low, lowOpen, high, highOpen } = boundsOf(query, now);
      const sql = `${column} ${lowOpen ? '>' : '>='} ? AND ${column} ${highOpen ? '<' : '<='} ?`;
      return { sql: `ifnull(${sql}, 0)`, params: [low, high] };
    }
    default:
      return assertNever(query);
  }
}

const isIn = (column: string, table: string) => `ifnull(${column} IN ${table}, 0)`;

function anywhere(pattern: Pattern, tableOf: (term: Term) => string): Condition {
  const strings = tableOf(stringTerm(pattern));
  const lists = tableOf(listTerm(pattern));
  const parts = TEXT_FIELDS.map((field) => ({
    sql: isIn(columnSql(field), FIELDS[field].kind === 'keywords' ? lists : strings),
    params: [],
  }));
  return balanced('OR', parts);
}

/** Joins as a balanced tree: SQLite bounds the depth of an expression, and a chain is as deep as it is long. */
function balanced(operator: 'AND' | 'OR', parts: readonly Condition[]): Condition {
  if (parts.length === 1) return parts[0]!;
  const half = parts.length >> 1;
  const left = balanced(operator, parts.slice(0, half));
  const right = balanced(operator, parts.slice(half));
  return { sql: `(${left.sql} ${operator} ${right.sql})`, params: [...left.params, ...right.params] };
}
