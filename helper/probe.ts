/** What merlon-probe says: the launcher started it beside this process, and left the pipe that it writes to. */
import { Socket } from 'node:net';

/** More than a probe of a host with a thousand interfaces. */
const MAX_BYTES = 512 << 10;

/** The probe's words, once it has ended. */
export type Probed = () => Promise<unknown>;

/** What a probe failed at, as a sentence. */
export class ProbeError extends Error {
  override name = 'ProbeError';
}

/**
 * @param descriptor of the pipe, as the environment has it; undefined where no probe was started.
 * @returns what gives the probe's JSON, the same at each call. It rejects with a ProbeError.
 */
export function probeOf(descriptor: string | undefined): Probed {
  if (descriptor === undefined || !/^\d{1,6}$/.test(descriptor))
    return () => Promise.reject(new ProbeError('No probe was started beside this helper.'));
  const text = readWhole(Number(descriptor));
  text.catch(() => {}); // whoever asks hears of it
  return async () => parse(await text);
}

async function readWhole(fd: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    // Not a file's stream: its reads wait in threads, and the process could not end before they do.
    const pipe = new Socket({ fd, readable: true, writable: false });
    pipe.unref();
    for await (const part of pipe as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > MAX_BYTES) break;
      parts.push(part);
    }
  } catch (error) {
    throw new ProbeError(
      `The probe could not be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (bytes > MAX_BYTES) throw new ProbeError('The probe said more than a probe can have to say.');
  return Buffer.concat(parts).toString('utf8');
}

function parse(text: string): unknown {
  if (text === '') throw new ProbeError('The probe ended without a word; the log may say why.');
  try {
    return JSON.parse(text);
  } catch {
    throw new ProbeError('The probe ended in the middle of what it had to say.');
  }
}
