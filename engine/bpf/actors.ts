/** Processes that hold or loaded something, and what of them counts when it is judged whose that is. */
import { existsSync } from 'node:fs';
import type { BpfOutput, BpfProcess } from '../../shared/bpf.ts';
import { DpkgIndex } from '../identity/dpkg.ts';
import type { Packages } from '../identity/packages.ts';
import type { Users } from '../identity/users.ts';
import type { Process, Processes } from '../sensor/processes.ts';
import type { Files, FileState } from './files.ts';
import type { Load } from './loads.ts';

/** sysconf(_SC_CLK_TCK) is 100 on every Linux architecture that Node runs on. */
const TICK_NS = 10_000_000;
/** The kernel lets go of what a process held a moment after it ended. */
const LINGERS_NS = 1_000_000_000;

export interface Actor {
  readonly process: BpfProcess;
  /** null where the process table does not know it. */
  readonly uid: number | null;
  /** Merlon's helper. */
  readonly isMerlon: boolean;
  /** merlon-probe, while it runs. */
  readonly isProbe: boolean;
  /** null where the executable is not known. */
  readonly file: FileState | null;
  /** Name of the distribution's package that owns the executable. */
  readonly package: string | null;
  /** Root's own file, and a package's where this host has a list of packages. */
  readonly isInstalled: boolean;
}

export interface ActorSources {
  readonly processes: Pick<Processes, 'newest' | 'byEntityId'>;
  readonly users: Pick<Users, 'user'>;
  readonly packages?: Pick<Packages, 'owner'>;
  /** Whether this host has a list of packages that Merlon reads; found out where it is not said. */
  readonly hasPackages?: () => boolean;
}

export type Holder = BpfOutput['holders'][number];

/** For one look. */
export class Actors {
  readonly #sources: ActorSources;
  readonly #files: Files;
  readonly #helperPid: number;
  readonly #begunNs: number;
  readonly #hasPackages: boolean;

  /** @param begunNs when the look began, on the boot clock. */
  constructor(sources: ActorSources, files: Files, helperPid: number, begunNs: number) {
    this.#sources = sources;
    this.#files = files;
    this.#helperPid = helperPid;
    this.#begunNs = begunNs;
    this.#hasPackages = (sources.hasPackages ?? hasPackages)();
  }

  /** A process as the helper saw it just now. Its pid is no other's while it is the helper's, which has just answered. */
  holder({ pid, start_ticks: ticks, comm }: Holder): Actor {
    const { processes, users } = this.#sources;
    const known = find(processes, pid, ticks);
    const executable = known?.image?.executable ?? null;
    return {
      process: {
        pid,
        entity_id: known?.entityId ?? null,
        name: known?.image?.name ?? comm,
        executable,
        user: known === undefined ? null : (users.user(known.uid) ?? String(known.uid)),
      },
      uid: known?.uid ?? null,
      isMerlon: pid === this.#helperPid,
      isProbe: known?.uid === 0 && known.image?.isOwnProbe === true,
      ...this.#trust(executable, this.#files.of(known?.image)),
    };
  }

  /** Who was seen to load something, perhaps long ago. @param uid of it, as the kernel keeps it with the program. */
  loader(load: Load, uid: number): Actor {
    const { processes } = this.#sources;
    const { executable, entity_id: entityId } = load.loader;
    const helper = processes.newest(this.#helperPid);
    return {
      process: load.loader,
      uid,
      // A pid alone may have been another's by then.
      isMerlon: helper !== undefined && helper.entityId === entityId,
      isProbe: uid === 0 && load.image?.isOwnProbe === true && this.#runs(entityId),
      ...this.#trust(executable, this.judge(load)),
    };
  }

  /** Once, as early as can be: its file may be another one later. */
  judge(load: Load): FileState | null {
    if (load.file === undefined) load.file = this.#files.of(load.image);
    return load.file;
  }

  #runs(entityId: string | null): boolean {
    const process = entityId === null ? undefined : this.#sources.processes.byEntityId(entityId);
    return process !== undefined && (process.endNs ?? Infinity) > this.#begunNs - LINGERS_NS;
  }

  /** The inode was compared already. */
  #trust(executable: string | null, file: FileState | null): Pick<Actor, 'file' | 'package' | 'isInstalled'> {
    if (executable === null || file !== 'roots') return { file, package: null, isInstalled: false };
    const name = this.#sources.packages?.owner(executable, '', this.#files.mountNamespace)?.name ?? null;
    return { file, package: name, isInstalled: name !== null || !this.#hasPackages };
  }
}

/** The table has nanoseconds, /proc has ticks. */
function find(processes: ActorSources['processes'], pid: number, ticks: number): Process | undefined {
  let process = processes.newest(pid);
  while (process !== undefined && Math.floor(process.startNs / TICK_NS) !== ticks) process = process.older;
  return process;
}

const hasPackages = () =>
  DpkgIndex.version('') !== undefined || existsSync('/usr/bin/rpm') || existsSync('/bin/rpm');
