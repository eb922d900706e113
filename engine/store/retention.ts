import type { CataloguedPartition } from './catalogue.ts';
import type { Cut, Hold, Retention } from './contract.ts';

const DAY_MS = 86_400_000;

export interface DueCut {
  readonly partition: CataloguedPartition;
  readonly reason: Cut['reason'];
}

/**
 * Which partitions are to be cut: whole ones, the oldest first, sealed (or damaged: then by what was known of them),
 * never one with events that are held.
 * @param partitions in the order of their numbers. @param bytes what the folder takes in all.
 */
export function dueCuts(
  partitions: readonly CataloguedPartition[],
  holds: readonly Hold[],
  retention: Pick<Retention, 'days' | 'bytes'>,
  { nowMs, bytes }: { readonly nowMs: number; readonly bytes: number },
): readonly DueCut[] {
  const oldestKept = nowMs - retention.days * DAY_MS;
  const due: DueCut[] = [];
  let left = bytes;
  for (const partition of partitions) {
    if (!canBeCut(partition, holds)) continue;
    const aged = partition.lastMs !== null && partition.lastMs < oldestKept;
    if (!aged && left <= retention.bytes) continue;
    due.push({ partition, reason: aged ? 'age' : 'size' });
    left -= partition.bytes;
  }
  return due;
}

/**
 * The partition that may go to make room on a full disk; undefined where there is none. The oldest of those that can
 * be cut at any time; else, since sealing needs room, too, the oldest that waits for it.
 */
export function oldestUnheld(
  partitions: readonly CataloguedPartition[],
  holds: readonly Hold[],
): CataloguedPartition | undefined {
  return (
    partitions.find((partition) => partition.bytes > 0 && canBeCut(partition, holds)) ??
    partitions.find(
      (partition) => partition.state === 'full' && !holds.some((hold) => isHeld(partition, hold)),
    )
  );
}

function canBeCut(partition: CataloguedPartition, holds: readonly Hold[]): boolean {
  if (partition.state !== 'sealed' && partition.state !== 'damaged') return false;
  return !holds.some((hold) => isHeld(partition, hold));
}

/** Of a damaged partition nobody may know which sequences it has: then whatever is held of its boot may be there. */
function isHeld({ boot, firstSequence, lastSequence }: CataloguedPartition, hold: Hold): boolean {
  if (boot !== hold.boot) return false;
  if (firstSequence === null || lastSequence === null) return true;
  return hold.firstSequence <= lastSequence && hold.lastSequence >= firstSequence;
}

/** What is told of the partitions of one boot once they are wiped. */
export function wiped(atMs: number, boot: number, rows: readonly CataloguedPartition[]): Cut {
  const firsts = rows.map(({ firstMs }) => firstMs).filter((ms) => ms !== null);
  const lasts = rows.map(({ lastMs }) => lastMs).filter((ms) => ms !== null);
  return {
    atMs,
    reason: 'wiped',
    boot,
    events: rows.reduce((sum, { events }) => sum + events, 0),
    bytes: rows.reduce((sum, { bytes }) => sum + bytes, 0),
    firstMs: firsts.length === 0 ? null : Math.min(...firsts),
    lastMs: lasts.length === 0 ? null : Math.max(...lasts),
    folder: null,
    why: null,
  };
}
