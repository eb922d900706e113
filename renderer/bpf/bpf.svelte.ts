import { untrack } from 'svelte';
import * as v from 'valibot';
import type { BpfInventory, BpfMap, BpfProgram } from '../../shared/bpf.ts';
import type { Console, ConsoleErrorCode } from '../../shared/console.ts';
import { kept } from '../state/kept.svelte.ts';
import {
  FROM_ABOVE,
  inPlace,
  MAP_KEYS,
  mapRows,
  PROGRAM_KEYS,
  programRows,
  type Filter,
  type MapKey,
  type ProgramKey,
} from './rows.ts';

export const VIEWS = ['programs', 'maps', 'changes'] as const;
export type View = (typeof VIEWS)[number];

/** Why the last look failed. */
export interface LookFailure {
  readonly code: ConsoleErrorCode;
  readonly message: string;
  readonly detail?: string | undefined;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** All BPF of the host as last heard, and how a person looks at it. */
export class BpfState {
  /** undefined until the helper has said. */
  inventory = $state.raw<BpfInventory | undefined>();
  failure = $state.raw<LookFailure | undefined>();
  asking = $state(false);
  /** The inventory is being taken as known. */
  taking = $state(false);

  view = $state<View>('programs');
  filter = $state<Filter>('all');
  search = $state('');
  /** Ids: each view has its own selection. */
  program = $state<number | undefined>();
  map = $state<number | undefined>();
  /** Places that rows keep while somebody points at them or has one selected. */
  #places = $state.raw<readonly number[] | undefined>();
  #pointed = false;
  /** The last that was seen of what is selected: it may be unloaded meanwhile. */
  #seen: BpfProgram | undefined;
  #asked = 0;

  readonly #programs = kept(
    'bpf-programs',
    v.object({ by: v.picklist(PROGRAM_KEYS), descending: v.boolean() }),
    { by: 'notable', descending: false },
  );
  readonly #maps = kept('bpf-maps', v.object({ by: v.picklist(MAP_KEYS), descending: v.boolean() }), {
    by: 'memory',
    descending: true,
  });

  readonly programRows = $derived(
    inPlace(
      programRows(
        this.inventory?.programs ?? [],
        { filter: this.filter, search: this.search },
        this.#programs.value,
      ),
      this.view === 'programs' ? this.#places : undefined,
    ),
  );
  readonly mapRows = $derived(
    inPlace(
      mapRows(this.inventory?.maps ?? [], { filter: this.filter, search: this.search }, this.#maps.value),
      this.view === 'maps' ? this.#places : undefined,
    ),
  );
  readonly added = $derived(this.inventory?.programs.filter(({ is_new }) => is_new) ?? []);
  readonly changes = $derived(this.added.length + (this.inventory?.gone.length ?? 0));
  readonly found = $derived(this.inventory?.programs.find(({ id }) => id === this.program));
  readonly foundMap: BpfMap | undefined = $derived(this.inventory?.maps.find(({ id }) => id === this.map));

  get sort() {
    return this.#programs.value;
  }
  get mapSort() {
    return this.#maps.value;
  }

  /** The selected program as it was last seen; undefined where it never was. */
  get lastSeen(): BpfProgram | undefined {
    return this.#seen?.id === this.program ? this.#seen : undefined;
  }

  async refresh(api: Console): Promise<void> {
    if (this.asking || this.taking) return;
    this.asking = true;
    const turn = ++this.#asked;
    const reply = await api.request('bpf.inventory', {});
    this.asking = false;
    // What was taken as known meanwhile is newer.
    if (turn !== this.#asked) return;
    if (reply.ok) return this.#take(reply.value);
    const { code, message, detail } = reply.error;
    // That the engine is away is said elsewhere; what was true stays.
    if (code !== 'disconnected') this.failure = { code, message, detail, at: Date.now() };
  }

  /** Takes what is there now as known. @returns why it could not. */
  async takeAsKnown(api: Console): Promise<string | undefined> {
    this.taking = true;
    this.#asked += 1;
    const reply = await api.request('bpf.baseline', {});
    this.taking = false;
    if (!reply.ok) return reply.error.message;
    this.#take(reply.value);
    return undefined;
  }

  show(view: View): void {
    this.view = view;
    // Maps are not compared.
    if (view === 'maps' && this.filter === 'new') this.filter = 'all';
    this.#renew();
  }

  narrow(filter: Filter): void {
    this.filter = filter;
    this.#renew();
  }

  look(search: string): void {
    if (search === this.search) return;
    this.search = search;
    this.#renew();
  }

  select(id: number | undefined): void {
    this.program = id;
    this.#seen = this.found;
    this.#hold();
  }

  selectMap(id: number | undefined): void {
    this.map = id;
    this.#hold();
  }

  sortBy(by: ProgramKey): void {
    const { by: before, descending } = this.#programs.value;
    this.#programs.value = { by, descending: by === before ? !descending : FROM_ABOVE.has(by) };
    this.#renew();
  }

  sortMapsBy(by: MapKey): void {
    const { by: before, descending } = this.#maps.value;
    this.#maps.value = { by, descending: by === before ? !descending : FROM_ABOVE.has(by) };
    this.#renew();
  }

  /** Whether the pointer is over rows: they do not move under it. */
  point(over: boolean): void {
    if (this.#pointed === over) return;
    this.#pointed = over;
    this.#hold();
  }

  #hold(): void {
    untrack(() => {
      const selected = this.view === 'maps' ? this.map : this.program;
      if (!this.#pointed && selected === undefined) this.#places = undefined;
      else this.#places ??= this.#ids();
    });
  }

  /** Who asks for an order wants that of now. */
  #renew(): void {
    this.#places = undefined;
    this.#hold();
  }

  #ids(): readonly number[] {
    return (this.view === 'maps' ? this.mapRows : this.programRows).map(({ id }) => id);
  }

  #take(inventory: BpfInventory): void {
    this.inventory = inventory;
    this.failure = undefined;
    this.#seen = this.found ?? this.#seen;
  }
}
