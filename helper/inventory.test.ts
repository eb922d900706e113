import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, Socket, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { inventoryAt, InventoryError, inventoryOn } from './inventory.ts';

let folder = '';
let server: Server;
/** The end that merlon-inventory would have. */
let program: Socket;
let socket: Socket;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-inventory-'));
  const path = join(folder, 's');
  const connected = new Promise<Socket>((resolve) => (server = createServer(resolve)).listen(path));
  await new Promise<void>((resolve) => server.once('listening', resolve));
  socket = new Socket().connect(path);
  program = await connected;
});
afterEach(async () => {
  program.destroy();
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

function framed(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text)]);
}

/** Answers each question with what is given for it, in pieces of `bytes`. */
function answering(answers: Readonly<Record<string, string>>, bytes = 1 << 16): string[] {
  const asked: string[] = [];
  program.on('data', (chunk: Buffer) => {
    for (const question of chunk.toString()) {
      asked.push(question);
      const answer = framed(answers[question] ?? '{}');
      for (let at = 0; at < answer.length; at += bytes) program.write(answer.subarray(at, at + bytes));
    }
  });
  return asked;
}

describe('merlon-inventory', () => {
  it('is asked, and its answers come in the order of the questions', async () => {
    const asked = answering({ i: '{"programs":[]}' }, 3);
    const inventory = inventoryOn(socket);
    const [first, , second] = await Promise.all([
      inventory.take(),
      inventory.measure(true),
      inventory.take(),
      inventory.measure(false),
    ]);
    expect([first, second]).toEqual([{ programs: [] }, { programs: [] }]);
    expect(asked).toEqual(['i', 'm', 'i', 'n']);
  });

  it('says why the kernel does not measure', async () => {
    answering({ m: '{"error":"Operation not permitted"}' });
    await expect(inventoryOn(socket).measure(true)).rejects.toThrow(/Operation not permitted/);
  });

  it.each([undefined, '', '-1', '3; rm', '12345678'])('was not started: %s', async (given) => {
    await expect(inventoryAt(given).take()).rejects.toThrow(InventoryError);
  });

  it.each([
    ['ends', () => program.end()],
    ['claims a gigabyte', () => program.write(Buffer.from([0, 0, 0, 0x40]))],
    ['says what is no JSON', () => program.write(framed('{"programs":['))],
  ])('is not believed where it %s', async (_, breaks) => {
    const taken = inventoryOn(socket).take();
    breaks();
    await expect(taken).rejects.toThrow(InventoryError);
  });

  it('is not asked again once it is broken', async () => {
    const inventory = inventoryOn(socket);
    const taken = inventory.take();
    program.write(Buffer.from([0, 0, 0, 0x40]));
    await expect(taken).rejects.toThrow(InventoryError);
    await expect(inventory.take()).rejects.toThrow(InventoryError);
  });

  it('is not waited for for ever', async () => {
    vi.useFakeTimers();
    const taken = inventoryOn(socket).take();
    const refused = expect(taken).rejects.toThrow(/in time/);
    await vi.advanceTimersByTimeAsync(30_000);
    vi.useRealTimers();
    await refused;
  });

  it('is asked again after a late answer, which is nobody’s by then', async () => {
    vi.useFakeTimers();
    const inventory = inventoryOn(socket);
    const late = expect(inventory.take()).rejects.toThrow(/in time/);
    await vi.advanceTimersByTimeAsync(30_000);
    vi.useRealTimers();
    await late;
    const next = inventory.take();
    program.write(Buffer.concat([framed('{"programs":["late"]}'), framed('{"programs":["next"]}')]));
    await expect(next).resolves.toEqual({ programs: ['next'] });
  });

  it('is not asked without end while it does not answer', async () => {
    const inventory = inventoryOn(socket);
    const asked = Array.from({ length: 17 }, () => inventory.take());
    const all = Promise.allSettled(asked);
    await expect(asked.at(-1)).rejects.toThrow(/too many/);
    program.end();
    expect((await all).every(({ status }) => status === 'rejected')).toBe(true);
  });
});
