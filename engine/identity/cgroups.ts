import { existsSync, readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { containerOf, type ContainerNames } from './containers.ts';
import { unitOf } from './units.ts';

/** What a cgroup says about its processes. */
export interface CgroupIdentity {
  readonly path: string;
  readonly containerId: string | undefined;
  readonly runtime: string | undefined;
  readonly unit: string | undefined;
}

export interface Hierarchies {
  /** Mount points; undefined where the machine has no such hierarchy. */
  readonly v2: string | undefined;
  readonly pids: string | undefined;
  /** The kernel's number of the v1 pids hierarchy. */
  readonly pidsNumber: number | undefined;
}

const MAX_KNOWN = 20_000;
const MAX_UNKNOWN = 1_000;

/** Where this machine has its cgroups: unified, hybrid (v2 at …/unified beside v1) or v1 alone. */
export function findHierarchies(root = '/sys/fs/cgroup', self = '/proc/self/cgroup'): Hierarchies {
  const v2 = [root, `${root}/unified`].find((path) => existsSync(`${path}/cgroup.procs`));
  const number = /^(\d+):(?:[^:]*,)?pids(?:,[^:]*)?:/m.exec(readOr(self, ''))?.[1];
  return {
    v2,
    pids: existsSync(`${root}/pids/cgroup.procs`) ? `${root}/pids` : undefined,
    pidsNumber: number === undefined ? undefined : Number(number),
  };
}

/**
 * What cgroup ids mean. An id is the inode number of the cgroup's folder; records carry the v2 one or, where that is
 * the root, the one of the v1 pids hierarchy. Filled by a scan, by the kernel's records of new cgroups and, for an id
 * that neither told, from /proc of a process in it. Bounded: the oldest entries leave first.
 */
export class Cgroups {
  readonly #hierarchies: Hierarchies;
  readonly #names: ContainerNames;
  readonly #proc: string;
  readonly #v2 = new Map<string, CgroupIdentity>();
  readonly #pids = new Map<string, CgroupIdentity>();
  readonly #unknown = new Set<string>();

  constructor(names: ContainerNames, hierarchies = findHierarchies(), proc = '/proc') {
    this.#names = names;
    this.#hierarchies = hierarchies;
    this.#proc = proc;
  }

  /** Reads the cgroups that exist now. Folders that vanish meanwhile are skipped. */
  async scan(): Promise<void> {
    const { v2, pids } = this.#hierarchies;
    if (v2 !== undefined) await scanInto(v2, '/', (id, path) => remember(this.#v2, id, path));
    if (pids !== undefined) await scanInto(pids, '/', (id, path) => remember(this.#pids, id, path));
  }

  /** A cgroup was made. @param hierarchy 0 for cgroup v2, else the v1 hierarchy's number. */
  made(id: string, hierarchy: number, path: string): void {
    if (hierarchy === 0) remember(this.#v2, id, path);
    else if (hierarchy === this.#hierarchies.pidsNumber) remember(this.#pids, id, path);
    else return;
    this.#unknown.delete(id);
  }

  /**
   * @param pid a process that is in that cgroup, asked where the id is unknown.
   * @returns undefined where nobody can say.
   */
  of(id: string, pid: number): CgroupIdentity | undefined {
    // Each hierarchy numbers its own: an id that is in both is taken for v2's, which is the one sent first.
    const known = this.#v2.get(id) ?? this.#pids.get(id);
    if (known !== undefined || this.#unknown.has(id)) return known;
    return this.#ask(id, pid);
  }

  /** The container's name, where it can be read. */
  containerName(identity: CgroupIdentity): string | undefined {
    return identity.containerId === undefined ? undefined : this.#names.name(identity.containerId);
  }

  #ask(id: string, pid: number): CgroupIdentity | undefined {
    const text = readOr(`${this.#proc}/${pid}/cgroup`, '');
    const v2 = /^0::(\/.*)$/m.exec(text)?.[1];
    const pids = /^\d+:(?:[^:]*,)?pids(?:,[^:]*)?:(\/.*)$/m.exec(text)?.[1];
    if (v2 !== undefined && v2 !== '/') return remember(this.#v2, id, v2);
    if (pids !== undefined) return remember(this.#pids, id, pids);
    if (v2 !== undefined) return remember(this.#v2, id, v2);
    if (this.#unknown.size >= MAX_UNKNOWN) this.#unknown.clear();
    this.#unknown.add(id);
    return undefined;
  }
}

function remember(map: Map<string, CgroupIdentity>, id: string, path: string): CgroupIdentity {
  const known = map.get(id);
  if (known?.path === path) return known;
  if (map.size >= MAX_KNOWN) {
    for (const oldest of map.keys()) {
      map.delete(oldest);
      break;
    }
  }
  const container = containerOf(path);
  const identity = { path, containerId: container?.id, runtime: container?.runtime, unit: unitOf(path) };
  map.set(id, identity);
  return identity;
}

async function scanInto(
  root: string,
  path: string,
  found: (id: string, path: string) => void,
): Promise<void> {
  const folder = root + path;
  try {
    const { ino } = await stat(folder, { bigint: true });
    found(String(ino), path);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.isDirectory())
        await scanInto(root, path === '/' ? `/${entry.name}` : `${path}/${entry.name}`, found);
    }
  } catch {
    // Gone since it was listed: its end is no event of ours.
  }
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}
