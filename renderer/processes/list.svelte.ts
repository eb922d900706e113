import * as v from 'valibot';
import { kept } from '../state/kept.svelte.ts';
import type { Running } from './running.svelte.ts';
import { buildRows, KERNEL, SORT_KEYS, type Row, type SortKey, type View } from './tree.ts';

const schema = v.object({
  sort: v.picklist(SORT_KEYS),
  descending: v.boolean(),
  mode: v.picklist(['tree', 'list']),
  kernel: v.boolean(),
});

/** Columns of which the largest is looked for first. */
const FROM_ABOVE: ReadonlySet<SortKey> = new Set(['cpu', 'memory']);

/** How the list of processes is seen: sorted, folded, searched; and where one is in it. */
export class ProcessList {
  readonly running: Running;
  search = $state('');
  #collapsed = $state.raw<ReadonlySet<string>>(new Set());
  readonly #kept = kept('processes', schema, {
    sort: 'start',
    descending: false,
    mode: 'tree',
    kernel: false,
  });

  readonly view: View = $derived({
    ...this.#kept.value,
    search: this.search,
    collapsed: this.#collapsed,
  });
  readonly shown = $derived.by(() => {
    const { processes, usages } = this.running.basis;
    return buildRows(processes.values(), usages, this.view);
  });
  readonly rows = $derived(this.shown.rows);
  /** The place of the selected row; -1 where it is not in the list. */
  readonly at = $derived(this.rows.findIndex(({ id }) => id === this.running.selected));

  constructor(running: Running) {
    this.running = running;
  }

  /** By another column, or by the same the other way round. */
  sortBy(sort: SortKey): void {
    const { sort: before, descending } = this.#kept.value;
    const turned = sort === before ? !descending : FROM_ABOVE.has(sort);
    this.#kept.value = { ...this.#kept.value, sort, descending: turned };
    // Who asks for an order wants that of now.
    this.running.renew();
  }

  show(mode: 'tree' | 'list'): void {
    this.#kept.value = { ...this.#kept.value, mode };
    this.running.renew();
  }

  unfold(row: Row, open: boolean): void {
    if (row.id === KERNEL) {
      this.#kept.value = { ...this.#kept.value, kernel: open };
      return;
    }
    const collapsed = new Set(this.#collapsed);
    if (open) collapsed.delete(row.id);
    else collapsed.add(row.id);
    this.#collapsed = collapsed;
  }

  unfoldAll(): void {
    this.#collapsed = new Set();
  }

  foldAll(): void {
    this.#collapsed = new Set(this.running.basis.processes.keys());
    this.#kept.value = { ...this.#kept.value, kernel: false };
  }

  /** Selects the row so many rows from the selected one; without one, the first is next. @returns its place. */
  move(by: number): number | undefined {
    const to = Math.max(0, Math.min(this.rows.length - 1, this.at + by));
    const row = this.rows[to];
    if (row === undefined) return undefined;
    this.running.select(row.id);
    return to;
  }

  /** Right: opens what is folded, else goes to the first child. @returns the place it went to. */
  inwards(): number | undefined {
    const row = this.rows[this.at];
    if (row?.expanded === undefined) return undefined;
    if (row.expanded) return this.move(1);
    this.unfold(row, true);
    return undefined;
  }

  /** Left: folds what is open, else goes to the parent. @returns the place it went to. */
  outwards(): number | undefined {
    const row = this.rows[this.at];
    if (row === undefined) return undefined;
    if (row.expanded === true && this.search.trim() === '') {
      this.unfold(row, false);
      return undefined;
    }
    const parent = this.rows.findLastIndex(({ level }, at) => at < this.at && level === row.level - 1);
    return parent < 0 ? undefined : this.move(parent - this.at);
  }
}
