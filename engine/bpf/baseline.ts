/**
 * What was there when it was last taken for known, and what is different now. Pure.
 *
 * A program is the same across boots where type, name and tag are, at a place (`placeOf`) where it was before. Ids, users and
 * times are other ones after each boot. So one that turns up at another hook is new, and one in another container or on
 * another veth is not; one that is loaded and not (yet) attached is known where it is known at any place. The tag is a hash of
 * the instructions without map descriptors: an update of the program or, by CO-RE, of the kernel makes it new, and other
 * contents of its maps do not.
 */
import {
  BPF_CONCERNS,
  BPF_OWNERS,
  type BpfConcern,
  type BpfGone,
  type BpfOwner,
  type BpfProgram,
} from '../../shared/bpf.ts';
import * as v from 'valibot';
import { placeOf } from './hooks.ts';

/** Type, name, tag, place, target where it was one only, owner; then the concerns that a person accepted, with all of them. */
export const knownRow = v.tupleWithRest(
  [v.string(), v.string(), v.string(), v.string(), v.string(), v.picklist(BPF_OWNERS)],
  v.picklist(BPF_CONCERNS),
);
export type KnownRow = v.InferOutput<typeof knownRow>;

export interface Baseline {
  /** Epoch milliseconds. */
  readonly made: number;
  readonly rows: readonly KnownRow[];
}

type Program = Pick<BpfProgram, 'id' | 'type' | 'name' | 'tag' | 'owner' | 'attachments' | 'concerns'>;

/** @param isAccepted by a person, who saw the concerns; the first look of all accepts none. */
export function baselineOf(programs: readonly Program[], made: number, isAccepted: boolean): Baseline {
  const rows = new Map<string, KnownRow>();
  for (const program of programs) {
    for (const [place, target] of placesOf(program)) {
      const key = keyOf(program, place);
      const before = rows.get(key);
      const only = before === undefined || before[4] === target ? target : '';
      const concerns = isAccepted ? new Set([...(before?.slice(6) ?? []), ...program.concerns]) : [];
      rows.set(key, [
        ...([program.type, program.name, program.tag, place, only, program.owner] as const),
        ...(concerns as Iterable<BpfConcern>),
      ]);
    }
  }
  return { made, rows: [...rows.values()] };
}

export interface Difference {
  /** Ids of programs. */
  readonly isNew: ReadonlySet<number>;
  /** Of programs that are there, by id: the concerns that were accepted at each place where it is. */
  readonly accepted: ReadonlyMap<number, readonly BpfConcern[]>;
  readonly gone: readonly BpfGone[];
}

export function difference(baseline: Baseline, programs: readonly Program[]): Difference {
  const known = new Map<string, Set<BpfConcern>>();
  for (const [type, name, tag, place, , , ...concerns] of baseline.rows) {
    for (const key of [keyOf({ type, name, tag }, place), keyOf({ type, name, tag })])
      known.set(key, new Set([...(known.get(key) ?? []), ...concerns]));
  }
  const accepted = new Map<number, readonly BpfConcern[]>();
  const isNew = new Set<number>();
  const there = new Set<string>();
  for (const program of programs) {
    there.add(keyOf(program));
    let concerns = program.concerns;
    for (const [place] of placesOf(program)) {
      there.add(keyOf(program, place));
      const row = known.get(place === '' ? keyOf(program) : keyOf(program, place));
      if (row === undefined) isNew.add(program.id);
      concerns = concerns.filter((each) => row?.has(each) === true);
    }
    if (concerns.length > 0) accepted.set(program.id, concerns);
  }
  const gone = baseline.rows.flatMap(([type, name, tag, place, target, owner]): BpfGone[] => {
    const key = place === '' ? keyOf({ type, name, tag }) : keyOf({ type, name, tag }, place);
    return there.has(key) ? [] : [{ type, name, tag, owner, target }];
  });
  return { isNew, accepted, gone };
}

/** Each place with a target there; one place '' where it is not attached. */
function placesOf({ type, attachments }: Program): readonly (readonly [string, string])[] {
  if (attachments.length === 0) return [['', '']];
  return attachments.map((each) => [placeOf(type, each), each.target]);
}

/** JSON, as a name may hold any separator. */
const keyOf = ({ type, name, tag }: Pick<Program, 'type' | 'name' | 'tag'>, place?: string) =>
  JSON.stringify(place === undefined ? [type, name, tag] : [type, name, tag, place]);

/** From the one that is believed most to the stranger. */
export const leastTrusted = (owners: readonly BpfOwner[]): BpfOwner | undefined =>
  BPF_OWNERS.toReversed().find((owner) => owners.includes(owner));
