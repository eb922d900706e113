/**
 * The one framing used on every Merlon stream (engine ↔ helper, engine ↔ faces):
 * `[u32 length][u8 kind][payload]`, little endian, where length counts the payload only.
 */
export const FRAME_HEADER_BYTES = 5;

/** JSON with an id (requests, replies, notices). */
export const FRAME_CONTROL = 1;
/** A raw batch of kernel records, back to back, as laid out in bpf/events.h. */
export const FRAME_RECORDS = 2;

export interface Frame {
  readonly kind: number;
  /** Lent until the reader is asked for the next frame: copy what must outlive that. */
  readonly payload: Uint8Array;
}

/** A stream that breaks the framing cannot be resynchronised: close it. */
export class FrameError extends Error {
  override name = 'FrameError';
}

/** The header that precedes `length` bytes of payload. */
export function frameHeader(kind: number, length: number): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  new DataView(header.buffer).setUint32(0, length, true);
  header[4] = kind;
  return header;
}

/** A reader keeps room for a frame up to this size; what is larger comes rarely and is let go again. */
const MAX_KEPT_BYTES = 1 << 20;

const encoder = new TextEncoder();

/** One whole control frame. */
export function controlFrame(message: unknown): Uint8Array {
  const payload = encoder.encode(JSON.stringify(message));
  const frame = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  frame.set(frameHeader(FRAME_CONTROL, payload.length));
  frame.set(payload, FRAME_HEADER_BYTES);
  return frame;
}

/**
 * Cuts a byte stream into frames, each handed out before the next is looked at.
 * @param limits the largest payload accepted, by kind; a kind that is not listed is refused.
 * @throws FrameError from `push` on an unknown kind or an oversized frame; the reader is unusable afterwards.
 */
export class FrameReader {
  readonly #limits: ReadonlyMap<number, number>;
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  /** Room for a payload that comes in pieces, used again for the next: at 512 KiB a frame, allocating costs more than copying. */
  #room = new Uint8Array(0);
  /** The payload that is coming in pieces. */
  #payload: Uint8Array | undefined;
  #payloadBytes = 0;

  constructor(limits: ReadonlyMap<number, number>) {
    this.#limits = limits;
  }

  /** Whether a frame has begun that has not ended yet. */
  get midFrame(): boolean {
    return this.#headerBytes > 0;
  }

  *push(chunk: Uint8Array): Generator<Frame, void, undefined> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payload === undefined) {
        const take = Math.min(FRAME_HEADER_BYTES - this.#headerBytes, chunk.length - at);
        this.#header.set(chunk.subarray(at, at + take), this.#headerBytes);
        this.#headerBytes += take;
        at += take;
        if (this.#headerBytes < FRAME_HEADER_BYTES) return;
        const length = this.#acceptedLength();
        if (chunk.length - at >= length) {
          const kind = this.#header[4]!;
          this.#headerBytes = 0;
          yield { kind, payload: chunk.subarray(at, at + length) };
          at += length;
          continue;
        }
        this.#payload = this.#roomFor(length);
        this.#payloadBytes = 0;
      }
      const take = Math.min(this.#payload.length - this.#payloadBytes, chunk.length - at);
      this.#payload.set(chunk.subarray(at, at + take), this.#payloadBytes);
      this.#payloadBytes += take;
      at += take;
      if (this.#payloadBytes === this.#payload.length) {
        const frame = { kind: this.#header[4]!, payload: this.#payload };
        this.#payload = undefined;
        this.#headerBytes = 0;
        yield frame;
      }
    }
  }

  #roomFor(length: number): Uint8Array {
    if (length > MAX_KEPT_BYTES) return new Uint8Array(length);
    if (length > this.#room.length)
      this.#room = new Uint8Array(Math.max(length, Math.min(2 * this.#room.length, MAX_KEPT_BYTES)));
    return this.#room.subarray(0, length);
  }

  #acceptedLength(): number {
    const length = new DataView(this.#header.buffer).getUint32(0, true);
    const kind = this.#header[4]!;
    const limit = this.#limits.get(kind);
    if (limit === undefined) throw new FrameError(`unknown frame kind ${kind}`);
    if (length > limit) throw new FrameError(`frame of ${length} bytes exceeds the limit of ${limit}`);
    return length;
  }
}
