/** A condition in SQL over the columns of `event`: always 0 or 1, never NULL, so that NOT means what it says. */
export interface Condition {
  readonly sql: string;
  /** Of its `?`s, in their order. */
  readonly params: readonly (number | string)[];
}

export const ALWAYS: Condition = { sql: '1', params: [] };
export const NEVER: Condition = { sql: '0', params: [] };

export const isAlways = ({ sql }: Condition) => sql === ALWAYS.sql;
export const isNever = ({ sql }: Condition) => sql === NEVER.sql;

export function not(condition: Condition): Condition {
  if (isAlways(condition)) return NEVER;
  if (isNever(condition)) return ALWAYS;
  return { sql: `NOT ${condition.sql}`, params: condition.params };
}

export const all = (parts: readonly Condition[]) => joined('AND', parts, ALWAYS, NEVER);
export const any = (parts: readonly Condition[]) => joined('OR', parts, NEVER, ALWAYS);

function joined(
  operator: 'AND' | 'OR',
  parts: readonly Condition[],
  neutral: Condition,
  deciding: Condition,
): Condition {
  if (parts.some(({ sql }) => sql === deciding.sql)) return deciding;
  const kept = parts.filter(({ sql }) => sql !== neutral.sql);
  return kept.length === 0 ? neutral : balanced(operator, kept);
}

/** Joins as a balanced tree: SQLite bounds the depth of an expression, and a chain is as deep as it is long. */
function balanced(operator: 'AND' | 'OR', parts: readonly Condition[]): Condition {
  if (parts.length === 1) return parts[0]!;
  const half = parts.length >> 1;
  const left = balanced(operator, parts.slice(0, half));
  const right = balanced(operator, parts.slice(half));
  return { sql: `(${left.sql} ${operator} ${right.sql})`, params: [...left.params, ...right.params] };
}

/** Written out up to so many; each count of them is a statement of its own. */
const MOST_WRITTEN = 16;

/** Whether a cell is one of these numbers. */
export function isIn(column: string, numbers: readonly number[]): Condition {
  const [first] = numbers;
  if (first === undefined) return NEVER;
  if (numbers.length > MOST_WRITTEN) {
    const sql = `ifnull(${column} IN (SELECT value FROM json_each(?)), 0)`;
    return { sql, params: [JSON.stringify(numbers)] };
  }
  // 1, 4 or 16, so that few different statements are prepared.
  const places = numbers.length === 1 ? 1 : numbers.length <= 4 ? 4 : MOST_WRITTEN;
  const params = [...numbers, ...Array<number>(places - numbers.length).fill(first)];
  return { sql: `ifnull(${column} IN (${Array(places).fill('?').join(', ')}), 0)`, params };
}
