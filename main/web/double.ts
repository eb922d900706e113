/** An engine for the tests of the web face: the real socket and framing, answers from a table. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseWireRequest, MAX_REQUEST_BYTES, type WireRequest } from '../../shared/console.ts';
import { FRAME_CONTROL, FrameReader, controlFrame } from '../../shared/frames.ts';

export interface EngineDouble {
  readonly socket: string;
  /** Every request that arrived, in order; bounded by what a test sends. */
  readonly requests: WireRequest[];
  /** Bytes that arrived on all connections. */
  received(): number;
  connections(): number;
  notify(notice: string, value: unknown): void;
  /** Stop or go on reading on every connection. */
  stall(stalled: boolean): void;
  close(): Promise<void>;
}

export type Answer = (request: WireRequest) => unknown;

/** @param answer what a request gets, without its id; undefined: no answer at all. */
export async function startEngineDouble(answer: Answer): Promise<EngineDouble> {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-web-'));
  const socket = join(folder, 'merlon.sock');
  const requests: WireRequest[] = [];
  const open = new Set<Socket>();
  let bytes = 0;
  const server = createServer((connection) => {
    open.add(connection);
    const reader = new FrameReader(new Map([[FRAME_CONTROL, MAX_REQUEST_BYTES]]));
    connection.on('close', () => open.delete(connection));
    connection.on('error', () => connection.destroy());
    connection.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      for (const frame of reader.push(chunk)) {
        const request = parseWireRequest(JSON.parse(Buffer.from(frame.payload).toString()));
        requests.push(request);
        const reply = answer(request);
        if (reply !== undefined) connection.write(controlFrame({ id: request.id, ...Object(reply) }));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    requests,
    received: () => bytes,
    connections: () => open.size,
    notify: (notice, value) => open.forEach((each) => each.write(controlFrame({ notice, value }))),
    stall: (stalled) => open.forEach((each) => (stalled ? each.pause() : each.resume())),
    async close() {
      open.forEach((each) => each.destroy());
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
