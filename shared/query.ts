/**
 * The query language of the feed, the command line and the rules' exceptions:
 *
 *     process.name:curl and user.name:(root or www-data) and not process.parent.executable:/usr/bin/* and process.exit_code>0
 *
 * - `field:value` compares the whole value. Letters A–Z equal a–z, no others are folded; `*` is any run of characters,
 *   `?` exactly one; a backslash makes the next character literal; inside "quotes" nothing is a wildcard. A list
 *   matches when one of its members does. `field:*` means present. `field:(a or b)` groups values.
 * - `field>1`, `>=`, `<`, `<=` and `field:[1 to 2]` (ends included, `*` open) compare numbers and dates; durations take
 *   `20ms` or `1.5s`. A date names all of its day, minute, second …: `@timestamp:2026-11-22` is that day in UTC;
 *   `now-10m` counts from the moment the query is compiled.
 * - Addresses compare with an address or a CIDR block, whatever their spelling.
 * - A free word or "phrase" is looked for inside every text field but the ids that Merlon makes (`process.entity_id`,
 *   `process.parent.entity_id`, `host.boot.id`).
 * - `not` binds tightest, then `and` (also between neighbours without an operator), then `or`. A condition on an absent
 *   field is false, so `not user.name:root` selects events without a user too.
 */
export type { Comparison, Condition, Pattern, PatternPart, Query, QueryError, Scalar } from './query/ast.ts';
export { completionAt, type Completing } from './query/complete.ts';
export { formatLiteral, formatQuery } from './query/format.ts';
export {
  MAX_CONDITIONS,
  MAX_QUERY_DEPTH,
  MAX_QUERY_LENGTH,
  MAX_WILDCARDS,
  parseQuery,
} from './query/parse.ts';
export { suggestionsAt, takes, valueOf, type Suggestion } from './query/propose.ts';
export { TEXT_FIELDS, toPredicate, type Predicate } from './query/predicate.ts';
export { tokensOf, type QueryToken, type TokenKind } from './query/tokens.ts';
