const MAX_CHARACTERS = 6 << 20;
/** What an entry costs beyond its characters, in characters. */
const ENTRY_CHARACTERS = 40;

/** Texts and lists of all partitions that were read lately. All are forgotten when they are too many. */
export class TextCache {
  readonly #maps = new Set<WeakRef<Map<number, unknown>>>();
  #characters = 0;

  /** Puts the cache before a way to load a value by its id. */
  over<T>(load: (id: number) => T, sizeOf: (value: T) => number): (id: number) => T {
    const values = new Map<number, T>();
    this.#maps.add(new WeakRef(values));
    return (id) => {
      const known = values.get(id);
      if (known !== undefined) return known;
      const value = load(id);
      this.#characters += sizeOf(value) + ENTRY_CHARACTERS;
      if (this.#characters > MAX_CHARACTERS) this.#forget();
      values.set(id, value);
      return value;
    };
  }

  #forget(): void {
    this.#characters = 0;
    for (const ref of this.#maps) {
      const values = ref.deref();
      if (values === undefined) this.#maps.delete(ref);
      else values.clear();
    }
  }
}
