import { FIELDS, type FieldName } from '../../shared/event.ts';
import type { Pattern, Query } from '../../shared/query.ts';
import { compileNetwork } from '../../shared/query/network.ts';
import { compilePattern, containing } from '../../shared/query/pattern.ts';
import { TEXT_FIELDS } from '../../shared/query/predicate.ts';
import { boundsOf, type Bounds } from '../../shared/query/values.ts';
import { assertNever } from '../../shared/result.ts';
import { ChunkSet } from './chunk-set.ts';
import type { ChunkTable } from './chunk-table.ts';
import { COLUMNS, columnSql, INDEXED_LONGS, type Storage } from './columns.ts';
import { readEntity } from './entity.ts';
import type { RowReader } from './rows.ts';
import { all, ALWAYS, any, isIn, NEVER, not, type Condition } from './sql.ts';
import { exactText, type Effort, type Ids, type TermIndex } from './terms.ts';
import { canBeUsed } from './uses.ts';

/** Where in a partition the matches of a query can be. */
export interface Plan {
  /** No match is in another chunk; null: they can be in any. */
  readonly chunks: ChunkSet | null;
  /** Every match satisfies this. */
  readonly may: Condition;
  /** Whatever satisfies this is a match. */
  readonly must: Condition;
}

/** What is planned for: one partition. */
export interface Planned {
  readonly rows: RowReader;
  readonly chunks: ChunkTable;
  readonly index: TermIndex;
}

const ANYWHERE: Plan = { chunks: null, may: ALWAYS, must: NEVER };
const STORAGE: ReadonlyMap<FieldName, Storage> = new Map(COLUMNS.map(({ name, storage }) => [name, storage]));
const storageOf = (name: FieldName) => STORAGE.get(name) ?? 'string';

/** More values than these are looked for in the events. */
const MOST_VALUES = 16;

/** Plans a query for one partition. */
export class Planner {
  readonly #in: Planned;
  readonly #now: number;
  readonly #effort: Effort;
  #cut = false;

  constructor(planned: Planned, now: number, effort: Effort) {
    this.#in = planned;
    this.#now = now;
    this.#effort = effort;
  }

  /** Whether more effort could give a better plan. */
  get cut(): boolean {
    return this.#cut;
  }

  plan(query: Query): Plan {
    switch (query.type) {
      case 'and':
        return this.#and(query.terms);
      case 'or':
        return this.#or(query.terms.map((term) => this.plan(term)));
      case 'not': {
        const { may, must } = this.plan(query.term);
        return { chunks: null, may: not(must), must: not(may) };
      }
      case 'anywhere':
        return this.#anywhere(containing(query.pattern));
      case 'present': {
        if (!this.#in.rows.has(query.field)) return this.#none();
        const present = { sql: `(${columnSql(query.field)} IS NOT NULL)`, params: [] };
        return { chunks: null, may: present, must: present };
      }
      case 'match':
        return this.#in.rows.has(query.field) ? this.#match(query.field, query.pattern) : this.#none();
      case 'network':
        return this.#in.rows.has(query.field) ? this.#network(query.field, query.network) : this.#none();
      case 'boolean': {
        if (!this.#in.rows.has(query.field)) return this.#none();
        const is = { sql: `(${columnSql(query.field)} IS ?)`, params: [query.value ? 1 : 0] };
        return { chunks: null, may: is, must: is };
      }
      case 'compare':
      case 'between':
        return this.#in.rows.has(query.field)
          ? this.#range(query.field, boundsOf(query, this.#now))
          : this.#none();
      default:
        return assertNever(query);
    }
  }

  #none(): Plan {
    return { chunks: new ChunkSet(this.#in.chunks.length), may: NEVER, must: NEVER };
  }

  #and(terms: readonly Query[]): Plan {
    let chunks: ChunkSet | null = null;
    const parts: Plan[] = [];
    for (const term of [...terms].sort((a, b) => costOf(a) - costOf(b))) {
      const part = this.plan(term);
      if (part.chunks?.isEmpty === true) return this.#none();
      parts.push(part);
      if (chunks === null) chunks = part.chunks;
      else if (part.chunks !== null) chunks.keepOnly(part.chunks);
      if (chunks?.isEmpty === true) return this.#none();
    }
    return { chunks, may: all(parts.map(({ may }) => may)), must: all(parts.map(({ must }) => must)) };
  }

  #or(parts: readonly Plan[]): Plan {
    let chunks: ChunkSet | null = new ChunkSet(this.#in.chunks.length);
    for (const part of parts) {
      if (chunks === null || part.chunks === null) chunks = null;
      else chunks.addAll(part.chunks);
    }
    return { chunks, may: any(parts.map(({ may }) => may)), must: any(parts.map(({ must }) => must)) };
  }

  #match(field: FieldName, pattern: Pattern): Plan {
    const { index } = this.#in;
    const storage = storageOf(field);
    switch (storage) {
      case 'string':
        return this.#withIds(field, index.strings(pattern, this.#effort));
      case 'list':
        return this.#withIds(field, index.lists(pattern, this.#effort));
      case 'args':
        return this.#args(pattern);
      case 'boot': {
        const regular = compilePattern(pattern)(this.#in.rows.bootId);
        return regular ? ANYWHERE : this.#withIds(field, index.strings(pattern, this.#effort));
      }
      case 'process':
      case 'parent':
        return this.#entity(field, storage, pattern);
      default:
        return ANYWHERE;
    }
  }

  /** Cells that are ids, which the partition's `use` tells of. */
  #withIds(field: FieldName, found: Ids | undefined): Plan {
    if (found === undefined) return this.#given();
    const may = isIn(columnSql(field), found.ids);
    return { chunks: this.#chunksOf(found.ids, [field]), may, must: found.exact ? may : NEVER };
  }

  #given(): Plan {
    this.#cut = true;
    return ANYWHERE;
  }

  /** Lists of their own; and members of a command line that was cut at its spaces. */
  #args(pattern: Pattern): Plan {
    const lists = this.#in.index.lists(pattern, this.#effort);
    const lines = this.#in.index.strings(containing(pattern), this.#effort);
    if (lists === undefined || lines === undefined) return this.#given();
    const args = columnSql('process.args');
    const line = isIn(columnSql('process.command_line'), lines.ids);
    const split: Condition = { sql: `(${args} IS 0 AND ${line.sql})`, params: line.params };
    const chunks = this.#chunksOf(lists.ids, ['process.args']);
    chunks.addAll(this.#chunksOf(lines.ids, ['process.command_line']));
    return { chunks, may: any([split, isIn(args, lists.ids)]), must: NEVER };
  }

  #entity(field: FieldName, storage: 'process' | 'parent', pattern: Pattern): Plan {
    const text = exactText(pattern);
    if (text === undefined) return ANYWHERE;
    const found = this.#in.index.strings(pattern, this.#effort);
    if (found === undefined) return this.#given();
    const column = columnSql(field);
    const spelt = isIn(
      column,
      found.ids.map((id) => -id),
    );
    const chunks = this.#chunksOf(found.ids, [field]);
    const regular = readEntity(this.#in.rows.bootId, text);
    if (regular === undefined) return { chunks, may: spelt, must: spelt };
    const pidField = storage === 'process' ? 'process.pid' : 'process.parent.pid';
    if (!canBeUsed(regular.pid)) return ANYWHERE;
    chunks.addAll(this.#chunksOf([regular.pid], [pidField]));
    const made: Condition = {
      sql: `ifnull(${columnSql(pidField)} = ? AND ${column} >= 0 AND time_ns - ${column} = ?, 0)`,
      params: [regular.pid, regular.startNs],
    };
    return { chunks, may: any([made, spelt]), must: NEVER };
  }

  #network(field: FieldName, network: string): Plan {
    const test = compileNetwork(network) ?? (() => false);
    return this.#withIds(field, this.#in.index.addresses(test, this.#effort));
  }

  #anywhere(pattern: Pattern): Plan {
    const { index, rows } = this.#in;
    const strings = index.strings(pattern, this.#effort);
    const lists = index.lists(pattern, this.#effort);
    if (strings === undefined || lists === undefined) return this.#given();
    const fields = TEXT_FIELDS.filter((field) => rows.has(field));
    const isList = (field: FieldName) => FIELDS[field].kind === 'keywords';
    const texts = fields.filter((field) => !isList(field));
    const chunks = new ChunkSet(this.#in.chunks.length);
    const parts: Condition[] = [];
    const add = (ids: readonly number[], names: readonly FieldName[]) => {
      for (const [field, used] of this.#usesOf(ids, names)) {
        chunks.addAll(used);
        parts.push(isIn(columnSql(field), ids));
      }
    };
    add(strings.ids, texts);
    add(lists.ids, fields.filter(isList));
    // Members of a split command line are found by the line itself.
    const may = any(parts);
    return { chunks, may, must: strings.exact && lists.exact ? may : NEVER };
  }

  #range(field: FieldName, bounds: Bounds): Plan {
    const { low, lowOpen, high, highOpen } = bounds;
    const storage = storageOf(field);
    if (field === '@timestamp') return { ...ANYWHERE, chunks: this.#in.chunks.within(low, high) };
    if (storage !== 'long') return ANYWHERE;
    const column = columnSql(field);
    const between = `${column} ${lowOpen ? '>' : '>='} ? AND ${column} ${highOpen ? '<' : '<='} ?`;
    // Texts are JSON (see columns.ts), and greater than any number.
    const may = { sql: `ifnull((${between}) OR ${column} >= '', 0)`, params: [low, high] };
    const must = { sql: `ifnull(${between}, 0)`, params: [low, high] };
    return { chunks: this.#chunksOfRange(field, bounds), may, must };
  }

  #chunksOfRange(field: FieldName, { low, high }: Bounds): ChunkSet | null {
    if (!INDEXED_LONGS.includes(field)) return null;
    const first = Math.ceil(low);
    const last = Math.floor(high);
    if (!(high - low < MOST_VALUES) || !canBeUsed(first) || !canBeUsed(last)) return null;
    // A fraction, or −0, is in no index.
    if (low !== high || low === 0 || !Number.isInteger(low)) return null;
    return this.#chunksOf([low], [field]);
  }

  #chunksOf(ids: readonly number[], fields: readonly FieldName[]): ChunkSet {
    const chunks = new ChunkSet(this.#in.chunks.length);
    for (const [, used] of this.#usesOf(ids, fields)) chunks.addAll(used);
    return chunks;
  }

  #usesOf(ids: readonly number[], fields: readonly FieldName[]): (readonly [FieldName, ChunkSet])[] {
    const named = new Map<number, FieldName>();
    for (const field of fields) {
      const column = this.#in.rows.columnNumber(field);
      if (column !== undefined) named.set(column, field);
    }
    const uses = this.#in.index.uses(ids, [...named.keys()]);
    return [...uses].flatMap(([column, chunks]) => {
      const field = named.get(column);
      return field === undefined ? [] : [[field, chunks] as const];
    });
  }
}

/** Cheap and telling conditions first: what they leave may be nothing. */
function costOf(query: Query): number {
  switch (query.type) {
    case 'match':
      return exactText(query.pattern) === undefined ? 2 : 0;
    case 'compare':
    case 'between':
      return 1;
    case 'and':
      return Math.min(...query.terms.map(costOf));
    case 'or':
      return Math.max(...query.terms.map(costOf));
    case 'anywhere':
    case 'network':
      return 3;
    default:
      return 4;
  }
}
