import * as v from 'valibot';

/** How many events of an action ('' where absent) a minute of the wall clock had; null: without `@timestamp`. */
export interface MinuteCount {
  readonly minute: number | null;
  readonly action: string;
  readonly events: number;
}

const counts = v.array(v.tuple([v.nullable(v.number()), v.string(), v.number()]));

/** The column `minutes` of the catalogue. */
export function encodeMinutes(rows: readonly MinuteCount[]): Buffer {
  return Buffer.from(JSON.stringify(rows.map(({ minute, action, events }) => [minute, action, events])));
}

/** @throws ValiError or SyntaxError where the bytes are damaged. */
export function decodeMinutes(bytes: Uint8Array): readonly MinuteCount[] {
  const text: unknown = JSON.parse(Buffer.from(bytes).toString());
  return v.parse(counts, text).map(([minute, action, events]) => ({ minute, action, events }));
}
