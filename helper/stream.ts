/** The helper's stdout: frames, written without copying and without blocking, in the order in which they were sent. */
import type { Writable } from 'node:stream';
import { controlFrame, frameHeader, FRAME_RECORDS } from '../shared/frames.ts';
import type { HelperMessage } from '../shared/helper.ts';

/** Replies and notices that may wait for an engine that does not read; then it has broken the protocol. */
const MAX_CONTROL_WAITING = 64;

export interface Output {
  /** Sends a reply or a notice. @returns once the kernel has taken it. */
  control(message: HelperMessage): Promise<void>;
  /** Sends a batch. `release` is called once the kernel has taken it whole: the memory is lent until then. */
  records(batch: Uint8Array, release: () => void): void;
  /** Once the kernel has taken everything that was sent, or nobody reads any more. */
  flush(): Promise<void>;
}

/**
 * Frames onto `socket`, a pipe or Unix socket in non-blocking mode: libuv writes header and batch with one writev, takes
 * up again after a partial write, and waits where the pipe is full. What waits is bounded: batches by their pool (the
 * ring then waits for a free one), control messages by a count.
 * @param onBroken called once, when nobody reads any more or reads too slowly for its own requests.
 */
export function frameOutput(socket: Writable, onBroken: (reason: string) => void): Output {
  let waiting = 0;
  let broken = false;
  const breakOff = (reason: string) => {
    if (broken) return;
    broken = true;
    onBroken(reason);
  };
  socket.on('error', (error: NodeJS.ErrnoException) => breakOff(error.code ?? error.message));
  socket.on('close', () => breakOff('closed'));

  return {
    control(message) {
      if (broken) return Promise.resolve();
      if (++waiting > MAX_CONTROL_WAITING) {
        breakOff(`the engine left ${MAX_CONTROL_WAITING} replies unread`);
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        socket.write(controlFrame(message), () => {
          waiting--;
          resolve();
        });
      });
    },
    records(batch, release) {
      if (broken) return release();
      socket.cork();
      socket.write(frameHeader(FRAME_RECORDS, batch.length));
      socket.write(batch, () => release());
      socket.uncork();
    },
    flush: () => new Promise((resolve) => (broken ? resolve() : socket.write('', () => resolve()))),
  };
}
