/**
 * What runs, and what ran a moment ago. A process is (pid, start time) in this boot, never a pid alone, so that reused
 * pids stay apart; records that were missed leave holes that are filled from what later records say.
 */

import type { MerlonTask } from './records.generated.ts';

/** The program that a process runs; shared by the processes that were forked from it. */
export interface Image {
  readonly name: string | undefined;
  readonly executable: string | undefined;
  readonly commandLine: string | undefined;
  /** What the kernel said of its file; undefined where nothing was said. */
  readonly file?: ImageFile;
  /** Whether it is merlon-probe itself, as OwnProbe found. */
  isOwnProbe?: boolean;
  /** Roughly what it costs to keep, in bytes. */
  readonly weight: number;
}

/** By which a path is believed to be the host’s file of that name, and what ran to be that file’s code alone. */
export interface ImageFile {
  /** Inode number of the mount namespace in which its path is meant. */
  readonly mountNamespace: number;
  /** As in records: of the file system, major and minor. */
  readonly device: number;
  readonly inode: string;
  /** Another’s code may run in it, or the file was gone. */
  readonly isStrange: boolean;
  /** When it was started: of a container’s cgroup, and of which unit of systemd’s. */
  readonly isContained: boolean;
  readonly unit: string | undefined;
}

/** What every record says about its process. */
export interface ProcessFacts {
  readonly task: Pick<MerlonTask, 'pid' | 'start_ns' | 'ppid' | 'parent_start_ns' | 'uid' | 'comm'>;
  readonly cgroupId: string;
}

export class Process {
  readonly pid: number;
  readonly startNs: number;
  readonly entityId: string;
  /** The parent at the time of the first record: lineage stays when an orphan is given another parent. */
  readonly ppid: number;
  readonly parentStartNs: number;
  uid: number;
  comm: string;
  cgroupId: string;
  image: Image | undefined;
  parent: Process | undefined;
  firstChild: Process | undefined;
  nextSibling: Process | undefined;
  previousSibling: Process | undefined;
  /** The process that had this pid before, as long as it is kept. */
  older: Process | undefined;
  endNs: number | undefined;
  /** As wait(2) gives it; undefined while it runs, or where its end was missed. */
  status: number | undefined;
  /** Whether records about its beginning are missing. */
  incomplete: boolean;
  /** Roughly what it costs to keep, in bytes, since it ended. */
  weight: number;

  constructor(facts: ProcessFacts, entityId: string, image: Image | undefined, incomplete: boolean) {
    this.pid = facts.task.pid;
    this.startNs = facts.task.start_ns;
    this.entityId = entityId;
    this.ppid = facts.task.ppid;
    this.parentStartNs = facts.task.parent_start_ns;
    this.uid = facts.task.uid;
    this.comm = facts.task.comm;
    this.cgroupId = facts.cgroupId;
    this.image = image;
    this.parent = undefined;
    this.firstChild = undefined;
    this.nextSibling = undefined;
    this.previousSibling = undefined;
    this.older = undefined;
    this.endNs = undefined;
    this.status = undefined;
    this.incomplete = incomplete;
    this.weight = 0;
  }
}

/** How long, how many and how heavy ended processes may be kept. */
export interface Keep {
  readonly ns: number;
  readonly count: number;
  readonly bytes: number;
}

/** Digits are made of small numbers many times faster. */
const BASE36_5 = 36 ** 5;

const KEEP: Keep = { ns: 60e9, count: 16_384, bytes: 12 << 20 };
/** Roughly one Process with its entries in the tables, in bytes. */
const PROCESS_WEIGHT = 320;

export class Processes {
  readonly #boot: string;
  readonly #keep: Keep;
  readonly #newest = new Map<number, Process>();
  /** Ended processes in the order of their ends, from #endedAt on. */
  #ended: (Process | undefined)[] = [];
  #endedAt = 0;
  #endedBytes = 0;
  #running = 0;
  #duplicateExits = 0;

  /** @param bootId the kernel's random UUID of this boot. */
  constructor(bootId: string, keep: Keep = KEEP) {
    this.#boot = bootId.replaceAll('-', '').slice(0, 10);
    this.#keep = keep;
  }

  /** Stable and unique: ten hex digits of the boot id (40 bits), pid and start time in base 36. */
  entityId(pid: number, startNs: number): string {
    const low = startNs % BASE36_5;
    const high = (startNs - low) / BASE36_5;
    const start = high === 0 ? low.toString(36) : high.toString(36) + low.toString(36).padStart(5, '0');
    return `${this.#boot}-${pid.toString(36)}-${start}`;
  }

  get running(): number {
    return this.#running;
  }
  get kept(): number {
    return this.#ended.length - this.#endedAt;
  }
  /** Exits of processes that had already ended; each is ignored. */
  get duplicateExits(): number {
    return this.#duplicateExits;
  }

  /** The process with this pid and start time. */
  find(pid: number, startNs: number): Process | undefined {
    let process = this.#newest.get(pid);
    while (process !== undefined && process.startNs !== startNs) process = process.older;
    return process;
  }

  /** The newest process that had this pid. */
  newest(pid: number): Process | undefined {
    return this.#newest.get(pid);
  }

  byEntityId(id: string): Process | undefined {
    const match = /^([0-9a-f]{1,10})-([0-9a-z]{1,7})-([0-9a-z]{1,12})$/.exec(id);
    if (match === null || match[1] !== this.#boot) return undefined;
    return this.find(parseInt(match[2]!, 36), parseInt(match[3]!, 36));
  }

  /** A process was made: it runs what its parent runs until it says otherwise. */
  forked(facts: ProcessFacts): Process {
    const known = this.find(facts.task.pid, facts.task.start_ns);
    if (known !== undefined) return known;
    const parent = this.find(facts.task.ppid, facts.task.parent_start_ns);
    return this.#add(facts, parent?.image, parent, parent?.image === undefined);
  }

  /** A process runs another program, or was found running one. */
  executed(facts: ProcessFacts, image: Image): Process {
    const process = this.#seen(facts);
    process.image = image;
    process.incomplete = false;
    process.comm = facts.task.comm;
    return process;
  }

  /** A record told something of a process that goes on as it was. */
  seen(facts: ProcessFacts): Process {
    return this.#seen(facts);
  }

  /** @returns undefined for a second exit of the same process. @param nowNs of the record. */
  exited(facts: ProcessFacts, status: number, nowNs: number): Process | undefined {
    const process = this.#seen(facts);
    if (process.endNs !== undefined && process.status !== undefined) {
      this.#duplicateExits++;
      return undefined;
    }
    process.status = status;
    if (process.endNs === undefined) this.#end(process, nowNs);
    else process.endNs = nowNs;
    this.#forgetOld(nowNs);
    return process;
  }

  /**
   * A snapshot of everything that runs was taken from `beginNs` on: whoever is older than it and was not seen since
   * has ended, unseen.
   * @returns how many.
   */
  reconcile(seen: ReadonlySet<Process>, beginNs: number, nowNs: number): number {
    let ended = 0;
    for (const process of this.#newest.values()) {
      if (process.endNs !== undefined || process.startNs >= beginNs || seen.has(process)) continue;
      this.#end(process, beginNs);
      ended++;
    }
    this.#forgetOld(nowNs);
    return ended;
  }

  *all(): Generator<Process, void, undefined> {
    for (const newest of this.#newest.values()) {
      for (let process: Process | undefined = newest; process !== undefined; process = process.older)
        yield process;
    }
  }

  /** From the parent up to the oldest that is still known. */
  ancestors(process: Process): Process[] {
    const found: Process[] = [];
    for (let at = process.parent; at !== undefined && found.length < 1024; at = at.parent) found.push(at);
    return found;
  }

  /** Depth first, children in the order of their births; at most `limit`. */
  descendants(process: Process, limit = 10_000): Process[] {
    const found: Process[] = [];
    const stack = childrenOf(process).reverse();
    for (let at = stack.pop(); at !== undefined && found.length < limit; at = stack.pop()) {
      found.push(at);
      const children = childrenOf(at);
      for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]!);
    }
    return found;
  }

  #seen(facts: ProcessFacts): Process {
    const known = this.find(facts.task.pid, facts.task.start_ns);
    if (known === undefined)
      return this.#add(facts, undefined, this.find(facts.task.ppid, facts.task.parent_start_ns), true);
    known.uid = facts.task.uid;
    known.cgroupId = facts.cgroupId;
    return known;
  }

  #add(
    facts: ProcessFacts,
    image: Image | undefined,
    parent: Process | undefined,
    incomplete: boolean,
  ): Process {
    const process = new Process(facts, this.entityId(facts.task.pid, facts.task.start_ns), image, incomplete);
    const newest = this.#newest.get(facts.task.pid);
    if (newest === undefined || newest.startNs < process.startNs) {
      process.older = newest;
      this.#newest.set(facts.task.pid, process);
      // Two processes never have one pid at once: the older one ended, and its exit was missed or comes later.
      if (newest !== undefined && newest.endNs === undefined) this.#end(newest, process.startNs);
    } else {
      process.older = newest.older;
      newest.older = process;
      process.endNs = newest.startNs;
      this.#keepEnded(process);
    }
    if (process.endNs === undefined) this.#running++;
    // A parent is older than its child: a malformed record cannot make a circle.
    if (parent !== undefined && parent !== process && parent.startNs <= process.startNs)
      adopt(parent, process);
    return process;
  }

  #end(process: Process, nowNs: number): void {
    process.endNs = nowNs;
    this.#running--;
    this.#keepEnded(process);
  }

  #keepEnded(process: Process): void {
    this.#ended.push(process);
    process.weight = PROCESS_WEIGHT + (process.image?.weight ?? 0);
    this.#endedBytes += process.weight;
  }

  #forgetOld(nowNs: number): void {
    const { ns, count, bytes } = this.#keep;
    for (;;) {
      const oldest = this.#ended[this.#endedAt];
      if (oldest === undefined) break;
      const old = (oldest.endNs ?? 0) < nowNs - ns;
      if (!old && this.kept <= count && this.#endedBytes <= bytes) break;
      this.#ended[this.#endedAt++] = undefined;
      this.#endedBytes -= oldest.weight;
      this.#remove(oldest);
    }
    if (this.#endedAt > 1024 && this.#endedAt * 2 > this.#ended.length) {
      this.#ended = this.#ended.slice(this.#endedAt);
      this.#endedAt = 0;
    }
  }

  #remove(process: Process): void {
    const newest = this.#newest.get(process.pid);
    if (newest === process) {
      if (process.older === undefined) this.#newest.delete(process.pid);
      else this.#newest.set(process.pid, process.older);
    } else {
      let at = newest;
      while (at !== undefined && at.older !== process) at = at.older;
      if (at !== undefined) at.older = process.older;
    }
    process.older = undefined;
    if (process.parent !== undefined) disown(process.parent, process);
    // Children keep the ids of their parent, and find it in the store.
    for (const child of childrenOf(process)) disown(process, child);
  }
}

function childrenOf(process: Process): Process[] {
  const children: Process[] = [];
  for (let child = process.firstChild; child !== undefined; child = child.nextSibling) children.push(child);
  return children.reverse();
}

function adopt(parent: Process, child: Process): void {
  child.parent = parent;
  child.nextSibling = parent.firstChild;
  if (parent.firstChild !== undefined) parent.firstChild.previousSibling = child;
  parent.firstChild = child;
}

function disown(parent: Process, child: Process): void {
  if (child.previousSibling !== undefined) child.previousSibling.nextSibling = child.nextSibling;
  else if (parent.firstChild === child) parent.firstChild = child.nextSibling;
  if (child.nextSibling !== undefined) child.nextSibling.previousSibling = child.previousSibling;
  child.parent = undefined;
  child.nextSibling = undefined;
  child.previousSibling = undefined;
}
