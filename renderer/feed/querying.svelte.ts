import * as v from 'valibot';
import type { Console, EventValues } from '../../shared/console.ts';
import { FIELDS, isFieldName, type FieldName } from '../../shared/event.ts';
import {
  completionAt,
  suggestionsAt,
  valueOf,
  type Completing,
  type Suggestion,
} from '../../shared/query.ts';
import { kept } from '../state/kept.svelte.ts';

/** Lines that the list holds; more are reached by typing on. */
const MOST_SHOWN = 50;
const MOST_VALUES = 100;
const PATIENCE_MS = 400;
/** Values are asked for once typing rests so long. */
const REST_MS = 60;
const MOST_HISTORY = 50;
const PEEKED = 3;

/** A line of the list: what may be written, and how often it occurs in range. */
export interface Choice extends Suggestion {
  readonly events: number | undefined;
}

export interface SavedQuery {
  readonly name: string;
  readonly query: string;
}

type ValuesKey = Pick<Extract<Completing, { at: 'value' }>, 'field' | 'rest'>;
interface Counted extends ValuesKey {
  readonly prefix: string;
  readonly answer: EventValues;
}

/** A stretch of time; without an end, or a beginning, open there. */
export interface OpenSpan {
  readonly from: number | undefined;
  readonly until: number | undefined;
}

/** What the query bar is about: a text, where the caret stands, and what could come next. */
export interface Written {
  draft: string;
  readonly applied: string;
}

const historySchema = v.pipe(v.array(v.pipe(v.string(), v.maxLength(8192))), v.maxLength(MOST_HISTORY));
const savedSchema = v.array(v.object({ name: v.string(), query: v.string() }));

/** Completion, history and saved queries of one query bar. */
export class Querying {
  caret = $state(0);
  /** Whether the list is shown, where there is one. */
  open = $state(false);
  active = $state(0);
  #counted = $state.raw<Counted | undefined>();
  /** How often values of the field under the cursor of the list occur. */
  peeked = $state.raw<{ readonly field: FieldName; readonly answer: EventValues } | undefined>();
  readonly #history = kept('query-history', historySchema, []);
  readonly #saved = kept('saved-queries', savedSchema, []);
  /** Which entry of the history stands in the bar; -1: none. */
  #back = -1;

  readonly #written: Written;
  readonly #api: () => Console | undefined;
  readonly #span: () => OpenSpan;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  readonly completing: Completing | undefined = $derived.by(() =>
    this.open ? completionAt(this.#written.draft, this.caret) : undefined,
  );
  readonly choices: readonly Choice[] = $derived.by(() => this.#choices());
  readonly shown = $derived(this.open && this.choices.length > 0);
  readonly chosen = $derived(this.choices[Math.min(this.active, this.choices.length - 1)]);
  /** Not everything in range was counted: from this moment on it was. */
  readonly countedFrom = $derived(this.#current()?.answer.counted_from);
  /** Values that there are beyond those in the list. */
  readonly more = $derived.by(() => {
    const answer = this.#current()?.answer;
    return answer === undefined ? 0 : Math.max(0, answer.distinct - answer.values.length);
  });

  /**
   * @param written the text and what of it is applied. @param api what is asked for values.
   * @param span the stretch of time in which values are counted.
   */
  constructor(written: Written, api: () => Console | undefined, span: () => OpenSpan) {
    this.#written = written;
    this.#api = api;
    this.#span = span;
  }

  /** A person wrote: the list follows at once, values when they come. */
  typed(text: string, caret: number): void {
    const changed = text !== this.#written.draft;
    this.#written.draft = text;
    this.caret = caret;
    if (changed) {
      this.open = true;
      this.active = 0;
      this.#back = -1;
    }
    this.#askSoon();
  }

  /** Opens the list where the caret stands. */
  show(): void {
    this.open = true;
    this.active = 0;
    this.#askSoon();
  }

  close(): void {
    this.open = false;
    clearTimeout(this.#timer);
  }

  step(by: number): void {
    const { length } = this.choices;
    if (length === 0) return;
    this.active = (Math.min(this.active, length - 1) + by + length) % length;
    this.#askSoon();
  }

  /** Puts a choice into the text. @returns the new text and caret; undefined where there is nothing to choose. */
  complete(
    choice: Choice | undefined = this.chosen,
  ): { readonly text: string; readonly caret: number } | undefined {
    const { completing } = this;
    if (choice === undefined || completing === undefined) return undefined;
    const { draft } = this.#written;
    const after = draft.slice(completing.to);
    // What follows brings its own space, or its own operator.
    const twice = /\s$/.test(choice.insert) && /^[\s)]/.test(after);
    const field = choice.kind === 'field' && /^\s*[:<>]/.test(after);
    const insert = twice || field ? choice.insert.slice(0, -1) : choice.insert;
    const text = draft.slice(0, completing.from) + insert + after;
    this.typed(text, completing.from + insert.length);
    if (!choice.goesOn) this.close();
    return { text, caret: this.caret };
  }

  /** Remembers what was applied; the newest first, each once. */
  remember(query: string): void {
    const text = query.trim();
    this.#back = -1;
    if (text === '') return;
    this.#history.value = [text, ...this.#history.value.filter((each) => each !== text)].slice(
      0,
      MOST_HISTORY,
    );
  }

  /** The next older (1) or newer (-1) query, while the bar is empty, unchanged, or shows one of them already. */
  recall(by: 1 | -1): string | undefined {
    const { draft, applied } = this.#written;
    const history = this.#history.value;
    const recalled = this.#back >= 0 && draft === history[this.#back];
    if (!recalled && draft !== '' && draft !== applied) return undefined;
    if (!recalled) this.#back = -1;
    let next = this.#back + by;
    // What stands there already is no step.
    if (by === 1 && this.#back < 0 && history[next] === draft) next += 1;
    if (next < -1 || next >= history.length || (next === -1 && this.#back === -1)) return undefined;
    this.#back = next;
    this.open = false;
    return next === -1 ? applied : history[next];
  }

  get history(): readonly string[] {
    return this.#history.value;
  }

  get saved(): readonly SavedQuery[] {
    return this.#saved.value;
  }

  /** A name that is taken is given another query. */
  save(name: string, query: string): void {
    const others = this.#saved.value.filter((each) => each.name !== name);
    this.#saved.value = [...others, { name, query }].sort((a, b) => a.name.localeCompare(b.name));
  }

  rename(from: string, to: string): void {
    const query = this.#saved.value.find(({ name }) => name === from)?.query;
    if (query === undefined || to.trim() === '' || from === to) return;
    this.#saved.value = this.#saved.value.filter(({ name }) => name !== from);
    this.save(to.trim(), query);
  }

  /** @returns what takes it back. */
  forget(name: string): () => void {
    const before = this.#saved.value;
    this.#saved.value = before.filter((each) => each.name !== name);
    return () => (this.#saved.value = before);
  }

  #current(): Counted | undefined {
    const { completing } = this;
    const counted = this.#counted;
    if (completing?.at !== 'value' || counted === undefined) return undefined;
    const { field, rest, prefix = '' } = completing;
    if (counted.field !== field || counted.rest !== rest) return undefined;
    return prefix.toLowerCase().startsWith(counted.prefix.toLowerCase()) ? counted : undefined;
  }

  #choices(): readonly Choice[] {
    const { completing } = this;
    if (completing === undefined) return [];
    const local = suggestionsAt(completing);
    if (completing.at !== 'value') return local.slice(0, MOST_SHOWN).map(uncounted);
    const { field, prefix } = completing;
    const wanted = prefix?.toLowerCase();
    const values = this.#current()?.answer.values ?? [];
    const counted = values
      .filter(({ value }) => wanted !== undefined && value.toLowerCase().startsWith(wanted))
      .map(({ value, events }) => ({ ...valueOf(field, value, ''), events }));
    // Where everything was counted, what is not there did not occur.
    const answer = this.#current()?.answer;
    const none = answer !== undefined && answer.counted_from === undefined && this.more === 0 ? 0 : undefined;
    const known = local
      .filter(({ text, about }) => about === '' && !counted.some((each) => each.text === text))
      .map((suggestion) => ({ ...suggestion, events: none }));
    if (FIELDS[field].kind === 'date') return local.map(uncounted);
    return [...counted, ...known].slice(0, MOST_SHOWN);
  }

  #askSoon(): void {
    clearTimeout(this.#timer);
    if (this.open) this.#timer = setTimeout(() => void this.#ask(), REST_MS);
  }

  async #ask(): Promise<void> {
    const { completing } = this;
    if (completing?.at === 'value') {
      const { field, rest, prefix } = completing;
      const current = this.#current();
      // All values that begin so are here already.
      const whole = current !== undefined && (current.prefix === prefix || this.more === 0);
      if (prefix === undefined || whole || FIELDS[field].kind === 'date') return;
      const answer = await this.#values(field, rest, MOST_VALUES, prefix);
      if (answer !== undefined) this.#counted = { field, rest, prefix, answer };
      return;
    }
    const field = this.chosen?.text;
    if (this.chosen?.kind !== 'field' || field === undefined || !isFieldName(field)) return;
    if (this.peeked?.field === field || FIELDS[field].kind === 'date') return;
    const answer = await this.#values(field, this.#written.applied, PEEKED);
    if (answer !== undefined) this.peeked = { field, answer };
  }

  async #values(
    field: FieldName,
    query: string,
    limit: number,
    prefix?: string,
  ): Promise<EventValues | undefined> {
    const turn = ++this.#asked;
    const { from, until } = this.#span();
    const reply = await this.#api()?.request('events.values', {
      field,
      query,
      limit,
      patience_ms: PATIENCE_MS,
      ...(prefix === undefined || prefix === '' ? {} : { prefix }),
      ...(from === undefined ? {} : { from }),
      ...(until === undefined ? {} : { until }),
    });
    return reply?.ok === true && turn === this.#asked ? reply.value : undefined;
  }
}

const uncounted = (suggestion: Suggestion): Choice => ({ ...suggestion, events: undefined });
