/** What a client was told, and whether the store has it: counted without the store's help. */
import assert from 'node:assert/strict';
import { compareCursors, parseCursor, type Event } from '../../shared/event.ts';

export interface Count {
  /** Events that the client was told. */
  readonly told: number;
  readonly stored: number;
  /** Told, and not in the store: lost after they were committed. */
  readonly missing: number;
  /** Told of one process, and in the store of another: a place in the order of events was given twice. */
  readonly changed: number;
  /** In the store twice: a cursor, or a run of a program that happened once. */
  readonly doubled: number;
}

interface Page {
  readonly events: readonly Event[];
  readonly next?: string | undefined;
}

export class Told {
  /** Of cursors, the process. */
  readonly #processes = new Map<string, string>();
  readonly #tag: string;
  #changed = 0;

  /** @param tag the second argument of programs that run once; the third one is unique. */
  constructor(tag: string) {
    this.#tag = tag;
  }

  get told(): number {
    return this.#processes.size;
  }

  /** An event may be told again. */
  tell({ cursor, fields }: Event): void {
    const process = fields['process.entity_id'] ?? '';
    const before = this.#processes.get(cursor);
    if (before === undefined) this.#processes.set(cursor, process);
    else if (before !== process) this.#changed++;
  }

  /** @param page the stored events after a cursor, oldest first. Forgets what it finds. */
  async count(page: (after: string) => Promise<Page>): Promise<Count> {
    const told = this.told;
    const runs = new Set<string>();
    let stored = 0;
    let doubled = 0;
    let last = '0.0.0';
    for (let next: string | undefined = last; next !== undefined;) {
      const found: Page = await page(next);
      for (const event of found.events) {
        stored++;
        const order = compareCursors(parsed(event.cursor), parsed(last));
        assert.ok(order >= 0, `${event.cursor} comes after ${last}`);
        if (order === 0) doubled++;
        last = event.cursor;
        const run = this.#runOf(event);
        if (run !== undefined) {
          if (runs.has(run)) doubled++;
          runs.add(run);
        }
        const process = this.#processes.get(event.cursor);
        if (process !== undefined && process !== (event.fields['process.entity_id'] ?? '')) this.#changed++;
        this.#processes.delete(event.cursor);
      }
      next = found.next;
    }
    return { told, stored, missing: this.#processes.size, changed: this.#changed, doubled };
  }

  #runOf({ fields }: Event): string | undefined {
    const { 'event.action': action, 'process.args': args } = fields;
    return action === 'exec' && args?.[2] === this.#tag ? args[3] : undefined;
  }
}

function parsed(cursor: string) {
  const read = parseCursor(cursor);
  assert.ok(read, cursor);
  return read;
}
