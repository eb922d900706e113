import { FIELDS } from '../../shared/event.ts';
import { assertNever } from '../../shared/result.ts';
import type { Pattern, Query } from '../../shared/query.ts';
import { containing } from '../../shared/query/pattern.ts';
import { TEXT_FIELDS } from '../../shared/query/predicate.ts';
import { boundsOf } from '../../shared/query/values.ts';
import { columnSql } from './columns.ts';
import { listTerm, networkTerm, stringTerm, type Ids, type Term } from './terms.ts';

/** A condition in SQL over the columns of `event`: always 0 or 1, never NULL, so that NOT means what it says. */
export interface Condition {
  readonly sql: string;
  /** Of its `?`s, in their order. */
  readonly params: readonly number[];
}

/**
 * Compiles a query to SQL. Texts never meet SQL here: each is a term, a set of dictionary ids that the caller keeps.
 * @param now epoch milliseconds that `now-10m` counts from.
 */
export function compileSql(query: Query, now: number, idsOf: (term: Term) => Ids | undefined): Condition {
  const compile = (part: Query): Condition => compileSql(part, now, idsOf);
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
      return anywhere(containing(query.pattern), idsOf);
    case 'present':
      return { sql: `(${columnSql(query.field)} IS NOT NULL)`, params: [] };
    case 'match': {
      const list = FIELDS[query.field].kind === 'keywords';
      const ids = idsOf(list ? listTerm(query.pattern) : stringTerm(query.pattern));
      return known(isIn(columnSql(query.field), ids));
    }
    case 'network':
      return known(isIn(columnSql(query.field), idsOf(networkTerm(query.network))));
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

/** NULL as false. */
const known = ({ sql, params }: Condition): Condition => ({ sql: `ifnull(${sql}, 0)`, params });

/** NULL where the column is. The bounds spare most look-ups: ids of one term lie close together, or are few. */
function isIn(column: string, ids: Ids | undefined): Condition {
  if (ids === undefined) return { sql: '0', params: [] };
  const sql = `(${column} >= ? AND ${column} <= ? AND ${column} IN ${ids.table})`;
  return { sql, params: [ids.first, ids.last] };
}

function anywhere(pattern: Pattern, idsOf: (term: Term) => Ids | undefined): Condition {
  const strings = idsOf(stringTerm(pattern));
  const lists = idsOf(listTerm(pattern));
  const parts = TEXT_FIELDS.map((field) =>
    isIn(columnSql(field), FIELDS[field].kind === 'keywords' ? lists : strings),
  );
  const possible = parts.filter(({ sql }) => sql !== '0');
  return possible.length === 0 ? { sql: '0', params: [] } : known(balanced('OR', possible));
}

/** Joins as a balanced tree: SQLite bounds the depth of an expression, and a chain is as deep as it is long. */
function balanced(operator: 'AND' | 'OR', parts: readonly Condition[]): Condition {
  if (parts.length === 1) return parts[0]!;
  const half = parts.length >> 1;
  const left = balanced(operator, parts.slice(0, half));
  const right = balanced(operator, parts.slice(half));
  return { sql: `(${left.sql} ${operator} ${right.sql})`, params: [...left.params, ...right.params] };
}
