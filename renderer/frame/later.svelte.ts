import { untrack } from 'svelte';

/** Part of the page that its first screen does without: fetched when it is wanted, or when nothing else is to be done. */
export class Later<T> {
  readonly #load: () => Promise<{ readonly default: T }>;
  #value = $state.raw<T | undefined>();
  #loading = false;

  constructor(load: () => Promise<{ readonly default: T }>) {
    this.#load = load;
    // Not every browser engine has requestIdleCallback.
    if (typeof requestIdleCallback === 'function') requestIdleCallback(() => this.#fetch());
    else setTimeout(() => this.#fetch(), 1000);
  }

  /** undefined until it is there. */
  get value(): T | undefined {
    if (this.#value === undefined) untrack(() => this.#fetch());
    return this.#value;
  }

  #fetch(): void {
    if (this.#loading || this.#value !== undefined) return;
    this.#loading = true;
    this.#load()
      .then(
        (module) => (this.#value = module.default),
        () => {}, // the host has gone, which is said elsewhere; it is asked again when it is wanted again
      )
      .finally(() => (this.#loading = false));
  }
}
