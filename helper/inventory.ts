/** Asks merlon-inventory: the launcher started it beside this process, and left a socket to it. */
import { Socket } from 'node:net';

/** More than it ever says: native/inventory/answer.cc cuts its lists at 2.5 MiB. */
const MAX_BYTES = 3 << 20;
const PATIENCE_MS = 20_000;
/** Questions without an answer yet, also those that nobody waits for any more. */
const MOST_ASKED = 16;
/** Questions of native/inventory/main.cc. */
const QUESTIONS = { inventory: 'i', measure: 'm', no_measure: 'n' } as const;

/** What could not be asked, as a sentence. */
export class InventoryError extends Error {
  override name = 'InventoryError';
}

export interface Inventory {
  /** All BPF of the host. @throws InventoryError. */
  take(): Promise<unknown>;
  /** Has the kernel measure the runs of BPF programs, or no longer. @throws InventoryError. */
  measure(on: boolean): Promise<void>;
}

/** @param descriptor of the socket, as the environment has it; undefined where it was not started. */
export function inventoryAt(descriptor: string | undefined): Inventory {
  if (descriptor === undefined || !/^\d{1,6}$/.test(descriptor)) {
    const nobody = () => Promise.reject(new InventoryError('merlon-inventory was not started.'));
    return { take: nobody, measure: nobody };
  }
  return inventoryOn(new Socket({ fd: Number(descriptor), readable: true, writable: true }));
}

/** @param socket to a merlon-inventory, for nobody else to use. */
export function inventoryOn(socket: Socket): Inventory {
  const line = new Line(socket);
  return {
    take: () => line.ask(QUESTIONS.inventory),
    measure: async (on) => {
      const answer = await line.ask(on ? QUESTIONS.measure : QUESTIONS.no_measure);
      if (typeof answer !== 'object' || answer === null) throw new InventoryError('It answered nothing.');
      if ('error' in answer)
        throw new InventoryError(`The kernel measures no programs: ${String(answer.error)}.`);
    },
  };
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: InventoryError) => void;
  readonly timer: NodeJS.Timeout;
}

/** Answers come in the order of the questions, the late ones too: whoever asked has been told, and they are skipped. */
class Line {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #parts: Buffer[] = [];
  #bytes = 0;
  #ended: string | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.unref();
    socket.on('data', (part: Buffer) => this.#take(part));
    socket.on('close', () => this.#end('merlon-inventory has ended.'));
    socket.on('error', (error) => this.#end(`merlon-inventory cannot be asked: ${error.message}`));
  }

  ask(question: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(new InventoryError(this.#ended));
      if (this.#waiting.length >= MOST_ASKED)
        return reject(new InventoryError('merlon-inventory has too many questions to answer yet.'));
      const late = () => reject(new InventoryError('merlon-inventory did not answer in time.'));
      this.#waiting.push({ resolve, reject, timer: setTimeout(late, PATIENCE_MS) });
      this.#socket.write(question);
    });
  }

  #take(part: Buffer): void {
    this.#parts.push(part);
    this.#bytes += part.length;
    while (this.#bytes >= 4) {
      const whole = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
      this.#parts = [whole];
      const length = whole.readUInt32LE();
      if (length > MAX_BYTES) return this.#end('merlon-inventory said more than there can be to say.');
      if (whole.length < 4 + length) return;
      this.#parts = [whole.subarray(4 + length)];
      this.#bytes -= 4 + length;
      this.#answer(whole.toString('utf8', 4, 4 + length));
    }
  }

  #answer(text: string): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) return this.#end('merlon-inventory spoke unasked.');
    clearTimeout(waiting.timer);
    try {
      waiting.resolve(JSON.parse(text));
    } catch {
      const why = 'merlon-inventory said something else than an inventory.';
      waiting.reject(new InventoryError(why));
      this.#end(why);
    }
  }

  /** For good: what comes after a broken answer would be taken for another. */
  #end(why: string): void {
    this.#ended ??= why;
    this.#socket.destroy();
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(new InventoryError(why));
    }
  }
}
