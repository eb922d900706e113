import type { CataloguedPartition } from './catalogue.ts';
import type { PartitionWriter } from './partition.ts';
import type { Standing } from './writing.ts';

/** How much there is. @param current the partition that is written to, of which the catalogue knows little. */
export function standingOf(
  rows: readonly CataloguedPartition[],
  current: Pick<PartitionWriter, 'head' | 'totals'> | undefined,
  bytes: number,
): Standing {
  const sound = rows.filter(({ number, state }) => state !== 'damaged' && number !== current?.head.number);
  const spans = [...sound, ...(current === undefined ? [] : [current.totals])];
  const firsts = spans.map(({ firstMs }) => firstMs).filter((ms) => ms !== null);
  const lasts = spans.map(({ lastMs }) => lastMs).filter((ms) => ms !== null);
  return {
    events: spans.reduce((sum, { events }) => sum + events, 0),
    oldest: firsts.length === 0 ? null : Math.min(...firsts),
    newest: lasts.length === 0 ? null : Math.max(...lasts),
    bytes,
    partitions: rows.length,
    damaged: rows
      .filter(({ state }) => state === 'damaged')
      .map(({ number, problem }) => ({ number, problem: problem ?? 'It cannot be read.' })),
  };
}
