import type { Event } from '../../shared/event.ts';
import type { ProcessSummary } from '../../shared/console.ts';

interface Known {
  readonly name: string;
  readonly parent: string | undefined;
}

const MAX_KNOWN = 50_000;
const MAX_DEPTH = 6;

/** Which process came from which, as far as this page has seen: for the ancestry column. */
export class Lineage {
  readonly #known = new Map<string, Known>();
  /** Goes up when much is learnt at once, of what may be shown already. Single events come before their rows. */
  #lists = $state(0);

  learn(event: Event): void {
    const { fields } = event;
    const id = fields['process.entity_id'];
    const name = fields['process.name'] ?? fields['merlon.process.comm'];
    if (id === undefined || name === undefined) return;
    this.#keep(id, { name, parent: fields['process.parent.entity_id'] });
  }

  learnProcesses(
    processes: readonly Pick<ProcessSummary, 'entity_id' | 'name' | 'parent_entity_id'>[],
  ): void {
    for (const { entity_id, name, parent_entity_id } of processes) {
      this.#keep(entity_id, { name, parent: parent_entity_id ?? undefined });
    }
    this.#lists += 1;
  }

  /** Names from the eldest known ancestor to the parent, at most six; the parent is as the event had it. */
  of(event: Event): readonly string[] {
    void this.#lists;
    const { fields } = event;
    const parentName = fields['process.parent.name'];
    let id = fields['process.parent.entity_id'];
    const first = parentName ?? (id === undefined ? undefined : this.#known.get(id)?.name);
    if (first === undefined) return [];
    const names = [first];
    for (let depth = 1; depth < MAX_DEPTH && id !== undefined; depth += 1) {
      id = this.#known.get(id)?.parent;
      const known = id === undefined ? undefined : this.#known.get(id);
      if (known === undefined) break;
      names.unshift(known.name);
    }
    return names;
  }

  #keep(id: string, known: Known): void {
    this.#known.delete(id);
    this.#known.set(id, known);
    if (this.#known.size > MAX_KNOWN) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
  }
}
