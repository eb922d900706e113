/**
 * Holds what Merlon's programs counted against what the kernel counts by itself: a hook that does not run leaves no gap
 * in any sequence of records, but it leaves a difference here.
 */
import type { HelperStats, TaskCounts } from '../../shared/helper.ts';

/** A fork may be counted by one program and not yet by the other while both are read. */
const LOOKS = 3;

export interface TaskTotals {
  /** Processes and threads that the kernel made since the first look. */
  readonly kernel: number;
  /** Of these, counted by Merlon's programs. */
  readonly counted: number;
}

/** For one life of the helper, where `task_made` is attached. */
export class Counts {
  #first: TaskCounts | undefined;
  #last: TaskCounts | undefined;
  /** Processes that one program counted and the other did not, at the last looks. */
  readonly #untold: number[] = [];
  #told = 0;

  /** undefined before the first look. */
  get totals(): TaskTotals | undefined {
    const [first, last] = [this.#first, this.#last];
    if (first === undefined || last === undefined) return undefined;
    // What is made while they are read is in one of them alone.
    const counted = last.made - first.made;
    const most = last.kernel_after - first.kernel_before;
    const least = last.kernel_before - first.kernel_after;
    return { kernel: Math.min(Math.max(counted, least), most), counted };
  }

  /** @returns how many tasks were made that a program did not run for, and were not told of before. */
  take(stats: HelperStats): number {
    const { tasks } = stats;
    if (tasks === undefined) return 0;
    this.#first ??= tasks;
    this.#last = tasks;
    const missing = Math.max(this.#uncounted(tasks, stats), this.#unseen(tasks, stats));
    const news = Math.max(0, missing - this.#told);
    this.#told += news;
    return news;
  }

  /** At least so many that the kernel counted and `task_made` did not; runs that the kernel skipped are told already. */
  #uncounted({ kernel_before: kernel, made }: TaskCounts, stats: HelperStats): number {
    const first = this.#first;
    if (first === undefined) return 0;
    return kernel - first.kernel_after - (made - first.made) - missedBy(stats, 'task_made');
  }

  /** Processes that `task_made` counted and `process_fork` did not, at each of the last looks. */
  #unseen({ processes, told }: TaskCounts, stats: HelperStats): number {
    const first = this.#first;
    if (first === undefined) return 0;
    this.#untold.push(processes - first.processes - (told - first.told) - missedBy(stats, 'process_fork'));
    if (this.#untold.length > LOOKS) this.#untold.shift();
    return this.#untold.length < LOOKS ? 0 : Math.min(...this.#untold);
  }
}

function missedBy({ programs }: HelperStats, name: string): number {
  return programs.find((program) => program.name === name)?.missed ?? 0;
}
