/** Bytes that wait in the queue. */
export interface Room {
  /** Valid until the room is released. */
  readonly bytes: Uint8Array;
}

/** One piece of memory that serves several copies, one behind the other. */
class Block {
  readonly buffer: ArrayBuffer;
  filled = 0;
  /** Copies in it that are still in use. */
  used = 0;

  constructor(bytes: number) {
    this.buffer = new ArrayBuffer(bytes);
  }
}

class Place implements Room {
  readonly bytes: Uint8Array;
  readonly block: Block;

  constructor(block: Block, bytes: Uint8Array) {
    this.block = block;
    this.bytes = bytes;
  }
}

const BLOCK_BYTES = 1 << 20;
/** Blocks that are kept while nothing is in them. */
const MAX_FREE = 4;

/**
 * Copies of what is lent, in memory that is used again: the engine's memory in a storm is what waits, and not also what
 * waited until the next garbage collection.
 */
export class Rooms {
  #block = new Block(BLOCK_BYTES);
  readonly #free: Block[] = [];

  copy(bytes: Uint8Array): Room {
    const block = this.#blockFor(bytes.length);
    const copy = new Uint8Array(block.buffer, block.filled, bytes.length);
    copy.set(bytes);
    block.filled += Math.ceil(bytes.length / 8) * 8;
    block.used++;
    return new Place(block, copy);
  }

  /** @param room given by `copy`, once. */
  release(room: Room): void {
    if (!(room instanceof Place)) throw new Error('the room is not one of these');
    const { block } = room;
    if (--block.used > 0) return;
    block.filled = 0;
    if (block !== this.#block && block.buffer.byteLength === BLOCK_BYTES && this.#free.length < MAX_FREE)
      this.#free.push(block);
  }

  #blockFor(bytes: number): Block {
    if (bytes > BLOCK_BYTES) return new Block(bytes);
    const current = this.#block;
    if (current.filled + bytes <= BLOCK_BYTES) return current;
    this.#block = this.#free.pop() ?? new Block(BLOCK_BYTES);
    return this.#block;
  }
}
