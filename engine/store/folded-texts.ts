/** Texts joined to larger ones, which are searched at once: a memory scan instead of a loop over texts. */
const BLOCK_CHARACTERS = 1 << 16;
/** Odd texts are not here, so that no text holds it (see dictionary.ts). */
const SEPARATOR = '\0';

interface Block {
  readonly text: string;
  /** Its first entry. */
  readonly first: number;
  /** Where each entry begins. */
  readonly starts: Int32Array;
}

/** Folded texts by ascending ids (see terms.ts), for looking through all of them. */
export class FoldedTexts {
  readonly #blocks: Block[] = [];
  #ids = new Float64Array(1024);
  #hashes = new Int32Array(1024);
  #length = 0;
  /** Entries that are in no block yet: the last ones. */
  #loose: string[] = [];
  #looseCharacters = 0;

  /** The largest id; 0 where there is none. */
  get last(): number {
    return this.#length === 0 ? 0 : this.#ids[this.#length - 1]!;
  }

  /** @throws TypeError where the id is not past the last one. */
  add(id: number, text: string, hash: number): void {
    if (id <= this.last) throw new TypeError('texts in the dictionary are not in their order');
    if (this.#length === this.#ids.length) {
      this.#ids = grown(this.#ids, new Float64Array(this.#length * 2));
      this.#hashes = grown(this.#hashes, new Int32Array(this.#length * 2));
    }
    this.#ids[this.#length] = id;
    this.#hashes[this.#length++] = hash | 0;
    this.#loose.push(text);
    this.#looseCharacters += text.length;
    if (this.#looseCharacters > BLOCK_CHARACTERS) this.#join();
  }

  /** @throws RangeError where there is none. */
  text(id: number): string {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ids[middle]! < id) low = middle + 1;
      else high = middle;
    }
    if (this.#ids[low] !== id) throw new RangeError(`the dictionary has no text ${id}`);
    return this.#textAt(low);
  }

  withHash(hash: number): number[] {
    const found: number[] = [];
    const wanted = hash | 0;
    for (let at = this.#hashes.indexOf(wanted); at >= 0 && at < this.#length;) {
      found.push(this.#ids[at]!);
      at = this.#hashes.indexOf(wanted, at + 1);
    }
    return found;
  }

  /** Ids of texts that hold `part` and pass; undefined where more than `most` do. */
  containing(part: string, most: number, passes: (id: number) => boolean): number[] | undefined {
    const found: number[] = [];
    for (const block of this.#blocks) {
      let entry = 0;
      for (let at = block.text.indexOf(part); at >= 0; at = block.text.indexOf(part, at)) {
        while (entry + 1 < block.starts.length && block.starts[entry + 1]! <= at) entry++;
        const id = this.#ids[block.first + entry]!;
        if (passes(id)) found.push(id);
        if (found.length > most) return undefined;
        if (++entry >= block.starts.length) break;
        at = block.starts[entry]!;
      }
    }
    const first = this.#length - this.#loose.length;
    for (const [i, text] of this.#loose.entries()) {
      const id = this.#ids[first + i]!;
      if (text.includes(part) && passes(id)) found.push(id);
    }
    return found.length > most ? undefined : found;
  }

  /** Ids of texts that `shape` matches and that pass. */
  matching(shape: RegExp, passes: (id: number) => boolean): number[] {
    const found: number[] = [];
    for (let i = 0; i < this.#length; i++) {
      const id = this.#ids[i]!;
      if (shape.test(this.#textAt(i)) && passes(id)) found.push(id);
    }
    return found;
  }

  #textAt(entry: number): string {
    const loose = entry - (this.#length - this.#loose.length);
    if (loose >= 0) return this.#loose[loose]!;
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#blocks[middle]!.first <= entry) low = middle;
      else high = middle - 1;
    }
    const { text, first, starts } = this.#blocks[low]!;
    const end = starts[entry - first + 1] ?? text.length + 1;
    return text.slice(starts[entry - first], end - 1);
  }

  #join(): void {
    const starts = new Int32Array(this.#loose.length);
    let at = 0;
    this.#loose.forEach((text, i) => {
      starts[i] = at;
      at += text.length + 1;
    });
    const text = this.#loose.join(SEPARATOR);
    this.#blocks.push({ text, first: this.#length - this.#loose.length, starts });
    this.#loose = [];
    this.#looseCharacters = 0;
  }
}

function grown<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
