import fc from 'fast-check';
import { expect, test } from 'vitest';
import { invertUses } from './invert.ts';
import { LAYOUT } from './layout.ts';
import { numberOf, SEVERAL, spotOf, withSpot } from './spots.ts';
import { decodeChunks, encodeUses } from './uses.ts';

const LIMIT = 2 ** 44 - 1;
const id = fc.oneof(
  fc.integer({ min: -5, max: 20 }),
  fc.integer({ min: -(2 ** 31) - 2, max: 2 ** 31 + 2 }),
  fc.integer({ min: -LIMIT, max: LIMIT }),
);
const spot = fc.oneof(fc.constant(SEVERAL), fc.integer({ min: 1, max: 128 }));
const ids = fc
  .uniqueArray(fc.tuple(id, spot), { minLength: 1, maxLength: 12, selector: ([one]) => one })
  .map((list) => list.map(([one, where]) => withSpot(one, where)).sort((a, b) => a - b));
const chunk = fc
  .dictionary(fc.integer({ min: 0, max: 90 }).map(String), ids, { maxKeys: 6 })
  .map((uses) => new Map(Object.entries(uses).map(([column, list]) => [Number(column), list])));

test('each use of each chunk is found under its id, once, however little is sorted at a time', () => {
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 20 }), fc.integer({ min: 120, max: 300 }), (chunks, most) => {
      const encoded = chunks.map((uses) => encodeUses(uses));
      const rows = [...invertUses(encoded.length, LAYOUT, (n) => encoded[n]!, most)];
      const found = rows.flatMap(([use, column, bytes]) =>
        decodeChunks(bytes, LAYOUT).map((chunk) => `${use}/${column}/${numberOf(chunk)}/${spotOf(chunk)}`),
      );
      const all = chunks.flatMap((uses, n) =>
        [...uses].flatMap(([column, list]) =>
          list.map((use) => ({ key: `${numberOf(use)}/${column}`, chunk: n, spot: spotOf(use) })),
        ),
      );
      // Spots are told where every chunk has one.
      const several = new Set(all.filter((use) => use.spot === SEVERAL).map(({ key }) => key));
      const told = all.map((use) => `${use.key}/${use.chunk}/${several.has(use.key) ? SEVERAL : use.spot}`);
      expect(found.toSorted()).toEqual(told.toSorted());
      expect(new Set(rows.map(([use, column]) => `${use}/${column}`)).size).toBe(rows.length);
    }),
    { numRuns: 500 },
  );
});

test('rows come in the order of the key', () => {
  const first = (id: number) => withSpot(id, 1);
  const encoded = [
    new Map([
      [7, [1, 2, 90].map(first)],
      [3, [2].map(first)],
    ]),
    new Map([[7, [2, 5].map(first)]]),
  ].map((uses) => encodeUses(uses));
  const rows = [...invertUses(2, LAYOUT, (n) => encoded[n]!, 3)];
  expect(
    rows.map(([use, column, chunks]) => [use, column, decodeChunks(chunks, LAYOUT).map(numberOf)]),
  ).toEqual([
    [1, 7, [0]],
    [2, 3, [0]],
    [2, 7, [0, 1]],
    [5, 7, [1]],
    [90, 7, [0]],
  ]);
});

test('damaged bytes are refused', () => {
  expect(() => [...invertUses(1, LAYOUT, () => Buffer.from([3, 2, 0x80]))]).toThrow(RangeError);
});
