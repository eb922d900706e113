import { FIELDS, isFieldName, type EventFields, type FieldName } from '../event.ts';
import { assertNever } from '../result.ts';
import type { Pattern, Query } from './ast.ts';
import { compileNetwork } from './network.ts';
import { compilePattern, containing } from './pattern.ts';
import { boundsOf } from './values.ts';

export type Predicate = (fields: Readonly<EventFields>) => boolean;

/** Names that Merlon made up: nobody reads them, so that a word found in one would surprise. */
const MADE_UP: readonly FieldName[] = ['process.entity_id', 'process.parent.entity_id', 'host.boot.id'];

/** The fields that a free word searches. */
export const TEXT_FIELDS: readonly FieldName[] = Object.keys(FIELDS)
  .filter(isFieldName)
  .filter((name) => ['keyword', 'keywords', 'ip'].includes(FIELDS[name].kind) && !MADE_UP.includes(name));

/**
 * Compiles a query to a test of an event's fields; null lets everything pass. Gives the same answer as the SQL that
 * the store compiles it to.
 * @param now epoch milliseconds that `now-10m` counts from.
 */
export function toPredicate(query: Query | null, now: number = Date.now()): Predicate {
  return query === null ? () => true : compile(query, now);
}

function compile(query: Query, now: number): Predicate {
  switch (query.type) {
    case 'and': {
      const terms = query.terms.map((term) => compile(term, now));
      return (fields) => {
        for (const term of terms) if (!term(fields)) return false;
        return true;
      };
    }
    case 'or': {
      const terms = query.terms.map((term) => compile(term, now));
      return (fields) => {
        for (const term of terms) if (term(fields)) return true;
        return false;
      };
    }
    case 'not': {
      const term = compile(query.term, now);
      return (fields) => !term(fields);
    }
    case 'anywhere':
      return anywhere(query.pattern);
    case 'present': {
      const { field } = query;
      // NaN is no measurement: the store keeps it as absent.
      return (fields) => fields[field] !== undefined && !Number.isNaN(fields[field]);
    }
    case 'match':
      return textOf(query.field, compilePattern(query.pattern));
    case 'network':
      return textOf(query.field, compileNetwork(query.network) ?? (() => false));
    case 'boolean': {
      const { field, value } = query;
      return (fields) => fields[field] === value;
    }
    case 'compare':
    case 'between': {
      const { field } = query;
      const { low, lowOpen, high, highOpen } = boundsOf(query, now);
      return (fields) => {
        const value = fields[field];
        if (typeof value !== 'number') return false;
        return (lowOpen ? value > low : value >= low) && (highOpen ? value < high : value <= high);
      };
    }
    default:
      return assertNever(query);
  }
}

function textOf(field: FieldName, test: (text: string) => boolean): Predicate {
  return (fields) => {
    const value = fields[field];
    if (typeof value === 'string') return test(value);
    return Array.isArray(value) && value.some(test);
  };
}

function anywhere(pattern: Pattern): Predicate {
  const test = compilePattern(containing(pattern));
  return (fields) => {
    for (const name of TEXT_FIELDS) {
      const value = fields[name];
      if (value === undefined) continue;
      if (typeof value === 'string') {
        if (test(value)) return true;
      } else if (Array.isArray(value) && value.some(test)) return true;
    }
    return false;
  };
}
