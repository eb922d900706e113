/**
 * merlon-probe loads and attaches dozens of programs at each start of the helper, to find out what the kernel takes:
 * that is no news. It is known by its file and by how it was started, never by the name that a task gives itself; root
 * alone could make another program look like it, and what that loads is in the inventory still, with who loaded it.
 */
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ExecRecord } from './decode.ts';
import type { Image } from './processes.ts';
import {
  MERLON_F_ARGS_MISSING,
  MERLON_F_DELETED,
  MERLON_F_ENV_CUT,
  MERLON_F_LD_AUDIT,
  MERLON_F_LD_LIBRARY_PATH,
  MERLON_F_LD_PRELOAD,
} from './records.generated.ts';

/** With these it may run another’s code. */
const STRANGE = MERLON_F_LD_PRELOAD | MERLON_F_LD_AUDIT | MERLON_F_LD_LIBRARY_PATH | MERLON_F_DELETED;

export class OwnProbe {
  readonly #file: string;
  /** Of its processes; those that it forks share it. */
  readonly #images = new WeakSet<Image>();
  #calls = 0;

  /** @param file its absolute path, as the kernel says it. */
  constructor(file: string) {
    this.#file = file;
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

  /** A program was started, or found running. */
  saw({ exec, executable, task }: ExecRecord, image: Image): void {
    if (executable !== this.#file || task.uid !== 0 || (exec.flags & STRANGE) !== 0) return;
    // A snapshot that cannot read arguments (before Linux 5.18) cannot read the environment either.
    const unread = (exec.flags & MERLON_F_ENV_CUT) !== 0 && (exec.flags & MERLON_F_ARGS_MISSING) === 0;
    if (!unread) this.#images.add(image);
  }

  /** Whether a call of bpf() was made by it. */
  claims(image: Image | undefined): boolean {
    if (image === undefined || !this.#images.has(image)) return false;
    this.#calls++;
    return true;
  }
}
