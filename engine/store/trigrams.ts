/**
 * Which trigrams of a text are seldom: a search needs only few of them, and a common one costs as much as all its
 * texts. Counted over a sample; hashed, so that it stays small.
 */
const SLOTS = 1 << 16;

/** Looked up at once: each costs some 10 µs a partition, and fewer leave many texts to be tested. */
const MOST = 4;

export class Trigrams {
  readonly #counts = new Uint32Array(SLOTS);
  /** What was asked last, which is asked for each partition. */
  #last: { readonly texts: string; readonly rarest: readonly string[] } | undefined;

  /** Counts a text that was folded (see terms.ts). */
  add(text: string): void {
    for (let i = 2; i < text.length; i++) this.#counts[slotOf(text, i)]!++;
  }

  /** The rarest trigrams of the texts, by code points; none where all texts are shorter. */
  rarest(texts: readonly string[]): readonly string[] {
    const asked = texts.join('\0');
    if (this.#last?.texts !== asked) this.#last = { texts: asked, rarest: this.#rarest(texts) };
    return this.#last.rarest;
  }

  #rarest(texts: readonly string[]): readonly string[] {
    const found = new Map<string, number>();
    for (const text of texts) {
      const points = Array.from(text);
      for (let i = 2; i < points.length; i++) {
        const trigram = points.slice(i - 2, i + 1).join('');
        found.set(trigram, this.#countOf(trigram));
      }
    }
    return [...found]
      .sort(([, a], [, b]) => a - b)
      .slice(0, MOST)
      .map(([trigram]) => trigram);
  }

  /** Outside the basic plane a trigram is longer than three units: its rarest three stand for it. */
  #countOf(trigram: string): number {
    let least = Infinity;
    for (let i = 2; i < trigram.length; i++) least = Math.min(least, this.#counts[slotOf(trigram, i)]!);
    return least;
  }
}

function slotOf(text: string, last: number): number {
  const hash =
    Math.imul(text.charCodeAt(last - 2), 0x9e3779b1) ^
    Math.imul(text.charCodeAt(last - 1), 0x85ebca6b) ^
    Math.imul(text.charCodeAt(last), 0xc2b2ae35);
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}
