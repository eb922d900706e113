/**
 * merlon-probe loads and attaches dozens of programs at each start of the helper, to find out what the kernel takes:
 * that is no news. It is known by its file and by how it was started, never by the name that a task gives itself; root
 * alone could make another program look like it, and what that loads is in the inventory still, with who loaded it.
 */
import { realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ExecRecord } from './decode.ts';
import { isStrange, ownMountNamespace } from './image.ts';
import type { Image } from './processes.ts';

export class OwnProbe {
  readonly #file: string;
  readonly #mountNamespace: number;
  readonly #inodeOf: (file: string) => string | undefined;
  #calls = 0;

  /**
   * @param file its absolute path, as the kernel says it. @param mountNamespace where that path is meant: a container
   * may have a file of its own there.
   */
  constructor(file: string, mountNamespace = ownMountNamespace(), inodeOf = inodeAt) {
    this.#file = file;
    this.#mountNamespace = mountNamespace;
    this.#inodeOf = inodeOf;
  }

  /** The one that lies beside this helper, and that it starts. */
  static beside(helper: string): OwnProbe {
    let real = helper;
    try {
      real = realpathSync(helper);
    } catch {
      // Without a helper no probe runs either.
    }
    return new OwnProbe(join(dirname(real), 'merlon-probe'));
  }

  /** Calls of bpf() that were its own. */
  get calls(): number {
    return this.#calls;
  }

  /** A program was started, or found running. Its image is marked; processes that it forks share it. */
  saw({ kind, exec, executable, inode, task }: ExecRecord, image: Image): void {
    if (executable !== this.#file || task.uid !== 0 || isStrange(exec.flags)) return;
    // One that is found running has a mount namespace of its own already, which it makes for what it tries.
    const isOurs =
      task.mnt_ns === this.#mountNamespace || (kind === 'running' && inode === this.#inodeOf(this.#file));
    if (isOurs) image.isOwnProbe = true;
  }

  /** Whether a call of bpf() was made by it. */
  claims(image: Image | undefined): boolean {
    if (image?.isOwnProbe !== true) return false;
    this.#calls++;
    return true;
  }
}

function inodeAt(file: string): string | undefined {
  try {
    return String(statSync(file, { bigint: true }).ino);
  } catch {
    return undefined;
  }
}
