/** Folders of random events for tests: three partitions, two boots; sealed, full and open ones. */
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventFields } from '../../shared/event.ts';
import { eventFields, RANDOM_NOW } from '../../shared/query/arbitrary.ts';
import type { StoredEvent } from './contract.ts';
import { writePartition } from './partition.builder.ts';
import { Partitions } from './partitions.ts';
import { sealInCatalogue } from './sealed.builder.ts';

export const BOOTS = ['6c2f3a5e-1c9b-4d57-9a47-3c1f0c5d7e21', 'b00t'] as const;

export interface World {
  readonly folder: string;
  readonly partitions: Partitions;
  /** In their order. */
  readonly events: readonly StoredEvent[];
}

/** The id that Merlon makes for a process of the first boot. */
export const madeId = (pid: number) => `6c2f3a5e1c-${pid.toString(36)}-${(pid * 7).toString(36)}`;

/** Some ids are of the kind that Merlon makes, and lines agree with arguments, as they do in life. */
const lifelike = fc
  .tuple(
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 1, max: 40 }),
    fc.constantFrom('a b', 'ab  a', 'a', ''),
    fc.constantFrom('exec', 'fork', 'exit', 'exec_failed', undefined),
  )
  .map(([kind, pid, line, action]): EventFields => ({
    ...(action !== undefined && { 'event.action': action }),
    ...(kind > 0 && {
      'process.entity_id': madeId(pid),
      'process.pid': pid,
      'process.parent.entity_id': madeId(pid >> 1),
      'process.parent.pid': pid >> 1,
      'host.boot.id': BOOTS[pid % 2]!,
      'process.command_line': line,
    }),
    ...(kind === 2 && { 'process.args': line.split(' '), 'process.args_count': line.split(' ').length }),
  }));

/**
 * @param seed the same gives the same.
 * @param everyMs events follow one another so closely by the wall clock, as they nearly always do.
 */
export function makeWorld(seed: number, count: number, everyMs?: number): World {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-world-'));
  const made = fc.sample(fc.tuple(lifelike, eventFields), { numRuns: count, seed });
  const third = Math.floor(count / 3);
  const events = made.map(([some, others], i): StoredEvent => {
    const boot = i < third ? 1 : 2;
    const timeNs = 1000 + Math.floor(i / 2) * 10;
    // Most wall clocks go along with the boot's, and some stand elsewhere.
    const sometime = others['@timestamp'] ?? (seed % 2 === 0 ? RANDOM_NOW + i * 1000 : undefined);
    const at = everyMs === undefined ? sometime : RANDOM_NOW + i * everyMs;
    return {
      cursor: { boot, timeNs, sequence: 1 + i * (1 + (seed % 2)) },
      fields: { ...some, ...others, ...(at !== undefined && { '@timestamp': at }) },
    };
  });
  const part = (n: number) => events.slice(n * third, n === 2 ? count : (n + 1) * third);
  const options = (boot: 1 | 2) => ({ boot, bootId: BOOTS[boot - 1]!, wallBaseMs: RANDOM_NOW });
  writePartition(folder, 1, part(0), options(1));
  writePartition(folder, 2, part(1), options(2));
  if (seed % 3 !== 0) sealInCatalogue(folder, 1);
  if (seed % 3 !== 1) sealInCatalogue(folder, 2);
  writePartition(folder, 3, part(2), { ...options(2), state: 'open' });
  const damaged = (number: number, problem: string) => {
    throw new Error(`partition ${number}: ${problem}`);
  };
  return { folder, partitions: new Partitions(folder, damaged), events };
}

export function dropWorld({ folder, partitions }: World): void {
  partitions.close();
  rmSync(folder, { recursive: true, force: true });
}
