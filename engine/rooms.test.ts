import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Rooms, type Room } from './rooms.ts';

test('each copy holds what was copied until it is released, whatever comes and goes meanwhile', () => {
  const actions = fc.array(
    fc.oneof(
      fc.record({ copy: fc.integer({ min: 0, max: 1_500_000 }), fill: fc.integer({ min: 1, max: 255 }) }),
      fc.record({ release: fc.nat() }),
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(actions, (list) => {
      const rooms = new Rooms();
      const held: { room: Room; fill: number; bytes: number }[] = [];
      for (const action of list) {
        if ('copy' in action) {
          const room = rooms.copy(new Uint8Array(action.copy).fill(action.fill));
          held.push({ room, fill: action.fill, bytes: action.copy });
        } else if (held.length > 0) {
          rooms.release(held.splice(action.release % held.length, 1)[0]!.room);
        }
        for (const { room, fill, bytes } of held) {
          expect(room.bytes.length).toBe(bytes);
          expect([room.bytes[0], room.bytes.at(-1)]).toEqual(
            bytes === 0 ? [undefined, undefined] : [fill, fill],
          );
        }
      }
    }),
    { numRuns: 40 },
  );
});

test('memory that was released is used again', () => {
  const rooms = new Rooms();
  const bytes = new Uint8Array(600_000);
  const buffers = new Set<ArrayBufferLike>();
  for (let i = 0; i < 20; i++) {
    const room = rooms.copy(bytes);
    buffers.add(room.bytes.buffer);
    rooms.release(room);
  }
  expect(buffers.size).toBe(1);
});
