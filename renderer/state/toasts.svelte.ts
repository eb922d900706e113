/** How long an undo is offered, not counting while the pointer or the focus holds it. */
export const TOAST_MS = 10_000;
/** More would cover the page; the oldest goes first. */
const MOST = 4;

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly failed: boolean;
  readonly undo?: (() => void) | undefined;
}

/** Short notes on what was just done, and the way back from it. */
export class Toasts {
  list = $state.raw<readonly Toast[]>([]);
  /** The last that can be taken back. */
  readonly undoable = $derived(this.list.findLast((toast) => toast.undo !== undefined));
  #ids = 0;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #held = false;

  /** Says what was done. With `undo`, offers to take it back for ten seconds. */
  say({ text, undo }: { text: string; undo?: () => void }): void {
    this.#add({ text, failed: false, undo });
  }

  /** Says what could not be done, and what to do next; stays until it is closed. */
  fail(text: string): void {
    this.#add({ text, failed: true });
  }

  close(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.list = this.list.filter((toast) => toast.id !== id);
    // What is gone is held by nobody, and tells no one that the pointer left it.
    if (this.list.length === 0) this.#held = false;
  }

  undo(id: number): void {
    const toast = this.list.find((each) => each.id === id);
    this.close(id);
    toast?.undo?.();
  }

  /** Nothing leaves while somebody reads. */
  hold(): void {
    this.#held = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  release(): void {
    this.#held = false;
    for (const toast of this.list) this.#count(toast);
  }

  #add(toast: Omit<Toast, 'id'>): void {
    const added = { ...toast, id: ++this.#ids };
    for (const old of this.list.slice(0, Math.max(0, this.list.length + 1 - MOST))) this.close(old.id);
    this.list = [...this.list, added];
    if (!this.#held) this.#count(added);
  }

  #count({ id, failed }: Toast): void {
    if (failed || this.#timers.has(id)) return;
    this.#timers.set(
      id,
      setTimeout(() => this.close(id), TOAST_MS),
    );
  }
}

export const toasts = new Toasts();
