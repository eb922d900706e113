import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMoments, decodeRows, encodeMoments, encodeRows } from './packs.ts';
import { RowSet } from './row-set.ts';
import { VarintWriter } from './varint.ts';

test('moments come back as they were, or are not told', () => {
  const moment = fc.oneof(
    fc.integer({ min: -2e15, max: 2e15 }).map((us) => us / 1000),
    fc.double({ min: -1e13, max: 1e13, noNaN: true }),
    fc.constantFrom(-0, 0, 1e300, undefined),
  );
  fc.assert(
    fc.property(fc.array(moment, { minLength: 1, maxLength: 128 }), (moments) => {
      const known = moments.filter((ms) => ms !== undefined);
      const firstMs = Math.min(...known, 1e300);
      const bytes = encodeMoments(new VarintWriter(), moments, firstMs);
      const exact = moments.every(
        (ms) => Object.is(Math.round((ms ?? NaN) * 1000) / 1000, ms) && Math.abs(ms!) < 2e12,
      );
      if (exact) expect(bytes).toBeDefined();
      if (bytes === undefined) return;
      expect([...decodeMoments(bytes, firstMs, moments.length)]).toEqual(moments.map((ms) => ms! + 0));
    }),
  );
});

test.each([2, 3, 4, 5, 16, 17, 256])('rows with one of %s cells come back as they were', (cells) => {
  const some = fc.array(fc.integer({ min: 0, max: cells - 1 }), { maxLength: 100 });
  fc.assert(
    fc.property(some, (kinds) => {
      const bytes = Buffer.from(encodeRows(Uint8Array.from(kinds), cells));
      expect([...decodeRows(bytes, cells, kinds.length)]).toEqual(kinds);
      expect(() => decodeRows(bytes, cells, kinds.length + 8)).toThrow(TypeError);
    }),
  );
});

test('a set of rows is told, joined, turned round and counted as a list of them is', () => {
  const numbers = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 200 });
  const bound = fc.integer({ min: 0, max: 200 });
  fc.assert(
    fc.property(numbers, bound, bound, (kinds, a, b) => {
      const rows = Uint8Array.from(kinds);
      const [first, end] = [Math.min(a, b, rows.length), Math.min(Math.max(a, b), rows.length)];
      const listed = (set: RowSet) => {
        const found: number[] = [];
        set.each(first, end, (row) => found.push(row));
        return found;
      };
      const wanted = (test: (kind: number) => boolean) =>
        kinds.flatMap((kind, row) => (test(kind) && row >= first && row < end ? [row] : []));
      const set = RowSet.where(rows, Uint8Array.of(0, 1, 0));
      expect(listed(set)).toEqual(wanted((kind) => kind === 1));
      set.invert();
      expect(listed(set)).toEqual(wanted((kind) => kind !== 1));
      set.keepOnly(RowSet.where(rows, Uint8Array.of(0, 1, 1)));
      expect(listed(set)).toEqual(wanted((kind) => kind === 2));
      set.addAll(RowSet.where(rows, Uint8Array.of(1, 0, 0)));
      const counts = new Uint32Array(256);
      set.tally(first, end, rows, counts);
      expect([...counts.subarray(0, 3)]).toEqual(
        [0, 1, 2].map((kind) => (kind === 1 ? 0 : wanted((one) => one === kind).length)),
      );
      if (rows.length > 0) expect(() => set.add(rows.length)).toThrow(RangeError);
    }),
  );
});
