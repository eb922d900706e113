/** Processes that hold or loaded something, and what of them counts when it is judged whose that is. */
import { statSync, type Stats } from 'node:fs';
import type { BpfOutput, BpfProcess } from '../../shared/bpf.ts';
import { unescapeBytes } from '../../shared/bytes.ts';
import type { Packages } from '../identity/packages.ts';
import type { Users } from '../identity/users.ts';
import type { Process, Processes } from '../sensor/processes.ts';

/** sysconf(_SC_CLK_TCK) is 100 on every Linux architecture that Node runs on. */
const TICK_NS = 10_000_000;

/**
 * The file at the executable's path, on the host: root's alone to write, somebody else's too, or not there (deleted, or a
 * container's).
 */
export type FileState = 'roots' | 'others' | 'missing';

export interface Actor {
  readonly process: BpfProcess;
  /** null where the process table does not know it. */
  readonly uid: number | null;
  readonly isMerlon: boolean;
  /** null where the executable is not known. */
  readonly file: FileState | null;
  /** Name of the distribution's package that owns the executable. */
  readonly package: string | null;
}

export interface ActorSources {
  readonly processes: Pick<Processes, 'newest'>;
  readonly users: Pick<Users, 'user'>;
  readonly packages?: Pick<Packages, 'owner'>;
  /** Programs of Merlon that run as root beside the helper, by absolute path: merlon-probe. */
  readonly executables?: ReadonlySet<string>;
  /** Replaces stat(2) in tests. @throws where there is no such file */
  readonly stat?: (path: Buffer) => Pick<Stats, 'uid' | 'mode' | 'ino'>;
}

export type Holder = BpfOutput['holders'][number];

/** For one look: each executable is looked at once. */
export class Actors {
  readonly #sources: ActorSources;
  readonly #helperPid: number;
  readonly #mountNamespace = ownMountNamespace();
  readonly #files = new Map<string, Pick<Actor, 'file' | 'package'>>();

  constructor(sources: ActorSources, helperPid: number) {
    this.#sources = sources;
    this.#helperPid = helperPid;
  }

  /** A process as the helper saw it just now. Its pid is no other's while it is the helper's, which has just answered. */
  holder({ pid, start_ticks: ticks, comm }: Holder): Actor {
    const { processes, users, executables } = this.#sources;
    const known = find(processes, pid, ticks);
    const executable = known?.image?.executable ?? null;
    const isMerlon =
      pid === this.#helperPid ||
      (known?.uid === 0 && executable !== null && executables?.has(executable) === true);
    return {
      process: {
        pid,
        entity_id: known?.entityId ?? null,
        name: known?.image?.name ?? comm,
        executable,
        user: known === undefined ? null : (users.user(known.uid) ?? String(known.uid)),
      },
      uid: known?.uid ?? null,
      isMerlon,
      ...this.#fileOf(executable),
    };
  }

  /** Who was seen to load something, perhaps long ago. @param uid of it, as the kernel keeps it with the program. */
  loader(process: BpfProcess, uid: number): Actor {
    const { processes, executables } = this.#sources;
    const { executable, entity_id: entityId } = process;
    const helper = processes.newest(this.#helperPid);
    // A pid alone may have been another's by then.
    const isHelper = helper !== undefined && helper.entityId === entityId;
    const isMerlon = isHelper || (uid === 0 && executable !== null && executables?.has(executable) === true);
    return { process, uid, isMerlon, ...this.#fileOf(executable) };
  }

  #fileOf(executable: string | null): Pick<Actor, 'file' | 'package'> {
    if (executable === null) return { file: null, package: null };
    const known = this.#files.get(executable);
    if (known !== undefined) return known;
    const found = this.#look(executable);
    this.#files.set(executable, found);
    return found;
  }

  #look(executable: string): Pick<Actor, 'file' | 'package'> {
    const { stat = statSync, packages } = this.#sources;
    try {
      const { uid, mode, ino } = stat(Buffer.from(unescapeBytes(executable)));
      const owner = packages?.owner(executable, String(ino), this.#mountNamespace);
      return { file: uid === 0 && (mode & 0o022) === 0 ? 'roots' : 'others', package: owner?.name ?? null };
    } catch {
      return { file: 'missing', package: null }; // deleted, a container's, or behind a folder that is not readable
    }
  }
}

/** The table has nanoseconds, /proc has ticks. */
function find(processes: Pick<Processes, 'newest'>, pid: number, ticks: number): Process | undefined {
  let process = processes.newest(pid);
  while (process !== undefined && Math.floor(process.startNs / TICK_NS) !== ticks) process = process.older;
  return process;
}

function ownMountNamespace(): number {
  try {
    return statSync('/proc/self/ns/mnt').ino;
  } catch {
    return 0;
  }
}
