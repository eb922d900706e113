/** What goes over a connection between the engine and a face. */
import * as v from 'valibot';

/** On the wire: JSON control frames on the socket, the same JSON as text messages on the WebSocket. */
const wireRequest = v.strictObject({
  id: v.pipe(v.number(), v.integer(), v.minValue(1)),
  request: v.pipe(v.string(), v.maxLength(64)),
  input: v.unknown(),
});
export type WireRequest = v.InferOutput<typeof wireRequest>;
/** @throws ValiError where it is not a request. */
export const parseWireRequest = (message: unknown): WireRequest => v.parse(wireRequest, message);

const wireMessage = v.union([
  v.object({ id: v.number(), ok: v.literal(true), value: v.unknown() }),
  v.object({
    id: v.number(),
    ok: v.literal(false),
    error: v.object({ code: v.string(), message: v.string(), detail: v.optional(v.string()) }),
  }),
  v.object({ notice: v.string(), value: v.unknown() }),
]);
export type WireMessage = v.InferOutput<typeof wireMessage>;
/** @throws ValiError where it is neither a reply nor a notice. */
export const parseWireMessage = (message: unknown): WireMessage => v.parse(wireMessage, message);
