import type { Cursor, Event, EventFields } from '../../shared/event.ts';
import type { Query } from '../../shared/query.ts';
import type { Story } from './contract.ts';
import { isDamage } from './damage.ts';
import { readEntity } from './entity.ts';
import type { PartitionFile } from './partition-file.ts';
import { isSealed, type PartitionEntry, type Partitions } from './partitions.ts';
import { scan, type Match } from './scan.ts';

/** Ancestors at most: no chain of processes is so long, but data may go round in a circle. */
const MOST_ANCESTORS = 64;
/** Events of one process that are looked at. */
const MOST_EVENTS = 10_000;

/** A partition was sealed or cut while it was looked at: the answer is to be looked for again. */
class Changed extends Error {
  override name = 'Changed';
}

/** What is known of one process. */
interface Life {
  readonly fields: EventFields;
  readonly events: readonly Event[];
  /** The partition that has its end; undefined: it may have events in any. */
  readonly endsIn: number | undefined;
}

/** Answers about single events and processes. Synchronous: runs in the reader's thread. */
export class Stories {
  readonly #partitions: Partitions;
  readonly #pause: () => void;

  /** @param pause called between short pieces of work; throws to give up. */
  constructor(partitions: Partitions, pause: () => void) {
    this.#partitions = partitions;
    this.#pause = pause;
  }

  /** One event; undefined where there is none at that place. */
  get({ boot, timeNs, sequence }: Cursor): Event | undefined {
    return this.#steadily(() => {
      for (const entry of this.#entries()) {
        const { first_time_ns: first, last_time_ns: last } = entry;
        if (entry.boot !== boot || (isSealed(entry) && (timeNs < (first ?? 0) || timeNs > (last ?? 0))))
          continue;
        const event = this.#in(entry, (file) => {
          const row = file.row(sequence);
          const found = row === undefined ? undefined : file.rows.eventOf(row);
          return found?.cursor === `${boot}.${timeNs}.${sequence}` ? found : undefined;
        });
        if (event !== undefined) return event;
      }
      return undefined;
    });
  }

  /** The newest value of every field that the events of a process have; undefined where there are none. */
  process(entityId: string): EventFields | undefined {
    return this.#steadily(() => this.#life(entityId, 0)?.fields);
  }

  story(entityId: string, limit: number): Story | undefined {
    return this.#steadily(() => {
      const own = this.#life(entityId, limit);
      if (own === undefined) return undefined;
      return {
        process: own.fields,
        ancestors: this.#ancestors(entityId, own.fields),
        descendants: this.#descendants(entityId, own, limit),
        events: own.events,
      };
    });
  }

  #ancestors(entityId: string, fields: EventFields): EventFields[] {
    const seen = new Set([entityId]);
    const ancestors: EventFields[] = [];
    let parent = fields['process.parent.entity_id'];
    while (parent !== undefined && !seen.has(parent) && ancestors.length < MOST_ANCESTORS) {
      this.#pause();
      seen.add(parent);
      const life = this.#life(parent, 0);
      if (life === undefined) break;
      ancestors.push(life.fields);
      parent = life.fields['process.parent.entity_id'];
    }
    return ancestors;
  }

  #descendants(entityId: string, own: Life, limit: number): EventFields[] {
    const seen = new Set([entityId]);
    const descendants: EventFields[] = [];
    const parents: (readonly [string, Life | undefined])[] = [[entityId, own]];
    for (let next = parents.shift(); next !== undefined; next = parents.shift()) {
      for (const child of this.#children(...next, limit - descendants.length, seen)) {
        const life = this.#life(child, 0);
        if (life !== undefined) descendants.push(life.fields);
        parents.push([child, life]);
      }
      if (descendants.length >= limit) break;
    }
    return descendants;
  }

  /**
   * The first children of a process that were not seen before, oldest first. They are seen for the first time while
   * it lives: afterwards they would have another parent.
   */
  #children(parent: string, life: Life | undefined, most: number, seen: Set<string>): string[] {
    const children: string[] = [];
    this.#each(
      parent,
      'process.parent.entity_id',
      ({ fields }) => {
        const child = fields['process.entity_id'];
        if (child === undefined || seen.has(child) || children.length >= most) return children.length < most;
        seen.add(child);
        children.push(child);
        return true;
      },
      life?.endsIn,
    );
    return children;
  }

  /** @param most events to keep, oldest first. */
  #life(entityId: string, most: number): Life | undefined {
    const events: Event[] = [];
    let tried: EventFields = {};
    let lived: EventFields | undefined;
    let count = 0;
    const endsIn = this.#each(entityId, 'process.entity_id', (match) => {
      const event = match.event();
      count++;
      if (events.length < most) events.push(event);
      // A failed exec has the arguments of what was tried: they are the process's only where nothing else is known.
      if (event.fields['event.action'] === 'exec_failed') tried = { ...tried, ...event.fields };
      else lived = { ...lived, ...event.fields };
      return count < MOST_EVENTS;
    });
    return count === 0 ? undefined : { fields: lived ?? tried, events, endsIn };
  }

  /**
   * Calls `take` with the events, oldest first, that name the process in this field, until it returns false. Those of
   * a process whose id Merlon made lie in partitions of its boot, from its start to its end.
   * @param last the last partition to look at. @returns the one that has its end, where the field is its own.
   */
  #each(
    entityId: string,
    field: 'process.entity_id' | 'process.parent.entity_id',
    take: (match: Match) => boolean,
    last = Infinity,
  ): number | undefined {
    let going = true;
    const query: Query = { type: 'match', field, pattern: [{ literal: entityId }] };
    const search = (entry: PartitionEntry, startNs: number): boolean => {
      let ended = false;
      this.#in(entry, (file) => {
        const { chunks, rows } = file;
        if (chunks.length === 0) return;
        const first =
          startNs > 0 ? file.sequenceFrom({ boot: rows.boot, timeNs: startNs, sequence: 0 }) : -Infinity;
        const wanted = {
          query,
          now: 0,
          fromMs: -Infinity,
          untilMs: Infinity,
          first: Math.max(first, chunks.firstSequence(0)),
          last: chunks.lastSequence(chunks.length - 1),
          newestFirst: false,
          fields: ['process.entity_id', field, 'event.action'] as const,
        };
        if (wanted.first > wanted.last) return;
        const spent = { events: Infinity };
        for (const { matches } of scan(file, wanted, spent, () => Infinity, this.#pause)) {
          for (const match of matches) {
            if (match.fields[field] !== entityId) continue;
            going = take(match);
            if (!going) return;
            if (match.fields['event.action'] === 'exit') ended = true;
          }
        }
      });
      return ended;
    };
    for (const [entry, startNs] of this.#partitionsOf(entityId)) {
      if (entry.number > last) return undefined;
      const ended = search(entry, startNs) && field === 'process.entity_id';
      if (!going || ended) return ended ? entry.number : undefined;
    }
    return undefined;
  }

  /** Partitions that a process can have events in, oldest first, and from when on; of an id that none of their boots made: all. */
  #partitionsOf(entityId: string): (readonly [PartitionEntry, number])[] {
    const starts = new Map<string, number | undefined>();
    const startIn = (bootId: string) => {
      if (!starts.has(bootId)) starts.set(bootId, readEntity(bootId, entityId)?.startNs);
      return starts.get(bootId);
    };
    const entries = this.#entries();
    const made = entries.flatMap((entry) => {
      const startNs = startIn(entry.boot_id);
      return startNs === undefined ? [] : [[entry, startNs] as const];
    });
    if (made.length === 0) return entries.map((entry) => [entry, 0]);
    return made.filter(([entry, startNs]) => !isSealed(entry) || (entry.last_time_ns ?? 0) >= startNs);
  }

  #entries(): readonly PartitionEntry[] {
    return this.#partitions.list();
  }

  /** Reads in a partition; undefined also where it cannot be read. */
  #in<T>(entry: PartitionEntry, read: (file: PartitionFile) => T): T | undefined {
    const file = this.#partitions.use(entry);
    if (file === 'changed') throw new Changed();
    if (file === undefined) return undefined;
    try {
      return read(file);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#partitions.damaged(entry.number, error);
      return undefined;
    }
  }

  #steadily<T>(answer: () => T): T {
    for (;;) {
      try {
        return answer();
      } catch (error) {
        if (!(error instanceof Changed)) throw error;
        this.#pause();
      }
    }
  }
}
