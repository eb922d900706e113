import { CHUNK_EVENTS } from './layout.ts';
import type { MinuteCount } from './minutes.ts';
import type { PartitionFile } from './partition-file.ts';

const MINUTE_MS = 60_000;
/** Chunks read at a time. */
const RUN = 32;

type Counts = Map<string, Map<number | null, number>>;

/** What sealing will count of a partition, for one that is still written to: only what is new is read each time. */
export class MinuteTally {
  /** Of the chunks before #next, which are full. */
  readonly #full: Counts = new Map();
  #next = 0;

  /** @param pause called between short pieces of work; throws to give up, which loses nothing. */
  count(file: PartitionFile, pause: () => void): readonly MinuteCount[] {
    const { chunks } = file;
    while (this.#next < chunks.length && isFull(file, this.#next)) {
      pause();
      let end = this.#next;
      while (end < chunks.length && end - this.#next < RUN && isFull(file, end)) end++;
      addRows(this.#full, file, this.#next, end);
      this.#next = end;
    }
    if (this.#next === chunks.length) return listed(this.#full);
    const rest: Counts = new Map();
    addRows(rest, file, this.#next, chunks.length);
    return [...listed(this.#full), ...listed(rest)];
  }
}

const isFull = (file: PartitionFile, chunk: number) => file.chunks.at(chunk).events >= CHUNK_EVENTS;

function addRows(counts: Counts, file: PartitionFile, from: number, until: number): void {
  const { chunks, rows } = file;
  const selection = rows.selection(['@timestamp', 'event.action']);
  const selected = file.select(`SELECT ${selection.columns} FROM main.event WHERE sequence BETWEEN ? AND ?`, [
    chunks.firstSequence(from),
    chunks.lastSequence(until - 1),
  ]);
  for (const row of selected) {
    const { '@timestamp': at, 'event.action': action = '' } = selection.fieldsOf(row);
    const minute = at === undefined ? null : Math.floor(at / MINUTE_MS);
    let minutes = counts.get(action);
    if (minutes === undefined) counts.set(action, (minutes = new Map<number | null, number>()));
    minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
  }
}

const listed = (counts: Counts): MinuteCount[] =>
  [...counts].flatMap(([action, minutes]) =>
    [...minutes].map(([minute, events]) => ({ minute, action, events })),
  );
