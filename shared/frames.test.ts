import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FRAME_CONTROL, FRAME_RECORDS, FrameError, frameHeader, FrameReader } from './frames.ts';

const LIMITS = new Map([
  [FRAME_CONTROL, 100],
  [FRAME_RECORDS, 4 << 20],
]);

function frameOf(kind: number, payload: Uint8Array): Uint8Array {
  const header = frameHeader(kind, payload.length);
  const frame = new Uint8Array(header.length + payload.length);
  frame.set(header);
  frame.set(payload, header.length);
  return frame;
}

/** What comes out when the frames arrive in chunks that end at `cuts`; payloads as they were when handed out. */
function readInChunks(reader: FrameReader, stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts.map((cut) => cut % (stream.length + 1)), stream.length].sort((a, b) => a - b);
  let at = 0;
  return ends.flatMap((end) => {
    const chunk = stream.slice(at, end);
    at = end;
    return Array.from(reader.push(chunk), ({ payload }) => payload.slice());
  });
}

const record = (bytes: number, fill: number) => frameOf(FRAME_RECORDS, new Uint8Array(bytes).fill(fill));

describe('FrameReader', () => {
  test('gives the same frames however the stream is cut', () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 });
    fc.assert(
      fc.property(payloads, fc.array(fc.nat(), { maxLength: 12 }), (frames, cuts) => {
        const stream = Buffer.concat(frames.map((payload) => frameOf(FRAME_RECORDS, payload)));
        const reader = new FrameReader(LIMITS);
        expect(readInChunks(reader, new Uint8Array(stream), cuts)).toEqual(frames);
        expect(reader.midFrame).toBe(false);
      }),
    );
  });

  test('payloads in pieces use one room, and a larger one only where it has to grow', () => {
    const reader = new FrameReader(LIMITS);
    const rooms = [3000, 2000, 3000, 9000, 100].map((bytes, i) => {
      const frame = record(bytes, i);
      expect([...reader.push(frame.subarray(0, 50))]).toEqual([]);
      const [whole] = reader.push(frame.subarray(50));
      expect(whole?.payload).toEqual(new Uint8Array(bytes).fill(i));
      return whole?.payload.buffer;
    });
    expect(new Set(rooms).size).toBe(2);
    expect(rooms[0]).toBe(rooms[2]);
  });

  test('a frame beyond what is kept is given whole, and its memory let go', () => {
    const reader = new FrameReader(LIMITS);
    const sizes = [2 << 20, 500].map((bytes) => {
      const frame = record(bytes, 7);
      void [...reader.push(frame.subarray(0, 9))];
      const [whole] = reader.push(frame.subarray(9));
      expect(whole?.payload.length).toBe(bytes);
      return whole?.payload.buffer.byteLength ?? 0;
    });
    expect(sizes[1]).toBeLessThan(2 << 20);
  });

  test.each([
    ['an unknown kind', frameHeader(9, 1)],
    ['more than its kind may have', frameHeader(FRAME_CONTROL, 101)],
  ])('%s breaks the stream', (_, header) => {
    const reader = new FrameReader(LIMITS);
    expect(() => [...reader.push(header)]).toThrow(FrameError);
  });

  test('says whether a frame has begun', () => {
    const reader = new FrameReader(LIMITS);
    const frame = record(10, 1);
    void [...reader.push(frame.subarray(0, 3))];
    expect(reader.midFrame).toBe(true);
    void [...reader.push(frame.subarray(3))];
    expect(reader.midFrame).toBe(false);
  });
});
