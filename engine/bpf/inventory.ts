/** What the helper says of BPF, put together with who runs, who loaded what, and whose it is. Pure but for its sources. */
import type {
  BpfAttachment,
  BpfInventory,
  BpfKind,
  BpfMap,
  BpfOutput,
  BpfProgram,
} from '../../shared/bpf.ts';
import type { Users } from '../identity/users.ts';
import type { Actor, Actors, Holder } from './actors.ts';
import { leastTrusted } from './baseline.ts';
import { concernsOf, hooksOf } from './concerns.ts';
import type { Load } from './loads.ts';
import { ownerByHolders, ownerOf, type Owned } from './owner.ts';

export interface InventorySources {
  readonly actors: Actors;
  readonly loaderOf: (program: Found) => Load | null;
  readonly percentOf: (program: Found) => number | null;
  readonly wallOf: (bootNs: number) => number;
  readonly users: Pick<Users, 'user'>;
  /** Names of the programs that Merlon's helper attached, whole or cut to 15 bytes as the kernel keeps them. */
  readonly own: ReadonlySet<string>;
}

type Found = BpfOutput['programs'][number];
/** Before it is held against the baseline: there nothing is new. */
export type Bare = Pick<BpfInventory, 'programs' | 'maps'>;

/** BPF_OBJ_NAME_LEN without its NUL. */
const NAME_LENGTH = 15;

export function inventoryOf(output: BpfOutput, sources: InventorySources): Bare {
  const around = new Around(output, sources.actors);
  const judged = output.programs.map((program) => ({
    program,
    ...around.of(program, sources.loaderOf(program)),
  }));
  const twins = new Set(
    judged.filter((each) => each.holders.some((h) => h.isMerlon)).map((each) => twinKey(each.program)),
  );
  const names = new Set([...sources.own].map((name) => name.slice(0, NAME_LENGTH)));
  const owned = judged.map((each) => {
    const { program, attachments } = each;
    const facts = {
      ...each,
      ...program,
      cgroups: cgroupsOf(program.type, attachments),
      isTwin: twins.has(twinKey(program)),
      isNamesake: names.has(program.name.slice(0, NAME_LENGTH)),
    };
    return { ...each, owned: ownerOf(facts) };
  });
  const ownHooks = new Set(
    owned
      .filter((each) => each.owned.owner === 'merlon')
      .flatMap(({ program: { type }, attachments }) => hooksOf({ type, attachments })),
  );
  const programs = owned.map((each) => programOf(each, ownHooks, sources));
  return { programs, maps: mapsOf(output, programs, around) };
}

interface Judged {
  readonly program: Found;
  readonly loader: Actor | null;
  readonly holders: readonly Actor[];
  readonly attachments: readonly BpfAttachment[];
  readonly pins: readonly string[];
}

const cgroupsOf = (type: string, attachments: readonly BpfAttachment[]) =>
  attachments
    .filter(({ attach_type: how }) => type.startsWith('cgroup') || how.includes('cgroup'))
    .map(({ target }) => target)
    .filter((target) => target !== '');

/** The same instructions; a name and a type belong to them, as the shortest programs are everybody's. */
const twinKey = ({ type, name, tag }: Found) => JSON.stringify([type, name, tag]);

function programOf(
  { program, loader, holders, attachments, pins, owned }: Judged & { readonly owned: Owned },
  ownHooks: ReadonlySet<string>,
  { wallOf, users, percentOf }: InventorySources,
): BpfProgram {
  const { loaded_ns: loadedNs, uid, ...same } = program;
  const { owner, why } = owned;
  return {
    ...same,
    loaded: wallOf(loadedNs),
    user: users.user(uid) ?? String(uid),
    loader: loader?.process ?? null,
    holders: holders.map(({ process }) => process),
    owner,
    owner_why: why,
    attachments,
    pins,
    cpu_percent: percentOf(program),
    concerns: concernsOf({ owner, type: program.type, attachments, powers: program.powers }, ownHooks),
    is_new: false,
  };
}

function mapsOf({ maps }: BpfOutput, programs: readonly BpfProgram[], around: Around): readonly BpfMap[] {
  const users = new Map<number, BpfProgram[]>();
  for (const program of programs) for (const map of new Set(program.maps)) add(users, map, program);
  return maps.map((map) => {
    const by = users.get(map.id) ?? [];
    const holders = around.holders('map', map.id);
    return {
      ...map,
      programs: by.map(({ id }) => id),
      holders: holders.map(({ process }) => process),
      pins: around.pins('map', map.id),
      owner: leastTrusted(by.map(({ owner }) => owner)) ?? ownerByHolders(holders),
    };
  });
}

/** What is around a program or a map, found by its id. */
class Around {
  readonly #actors: Actors;
  readonly #attachments = new Map<number, BpfAttachment[]>();
  readonly #pins = new Map<string, string[]>();
  readonly #holders = new Map<string, Holder[]>();
  /** A process that holds a thousand programs is looked up once. */
  readonly #known = new Map<string, Actor>();

  constructor({ attachments, pins, holders }: BpfOutput, actors: Actors) {
    this.#actors = actors;
    for (const { program, ...attachment } of attachments) add(this.#attachments, program, attachment);
    for (const { kind, id, path } of pins) add(this.#pins, `${kind} ${id}`, path);
    for (const holder of holders) add(this.#holders, `${holder.kind} ${holder.id}`, holder);
  }

  /** A link keeps its program: who holds or pins one holds or pins the other. */
  of({ id, uid }: Found, loader: Load | null): Omit<Judged, 'program'> {
    const attachments = this.#attachments.get(id) ?? [];
    const links = attachments.flatMap(({ link }) => link ?? []);
    const holders = [this.holders('program', id), ...links.map((link) => this.holders('link', link))].flat();
    const pins = [this.pins('program', id), ...links.map((link) => this.pins('link', link))].flat();
    return {
      loader: loader && this.#actors.loader(loader, uid),
      holders: [...new Set(holders)],
      attachments,
      pins: [...new Set(pins)],
    };
  }

  holders(kind: BpfKind, id: number): readonly Actor[] {
    return [...new Set((this.#holders.get(`${kind} ${id}`) ?? []).map((holder) => this.#actor(holder)))];
  }

  pins(kind: BpfKind, id: number): readonly string[] {
    return this.#pins.get(`${kind} ${id}`) ?? [];
  }

  #actor(holder: Holder): Actor {
    const key = `${holder.pid} ${holder.start_ticks}`;
    const known = this.#known.get(key) ?? this.#actors.holder(holder);
    this.#known.set(key, known);
    return known;
  }
}

function add<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
