/** Asking the person who sits at the terminal. */
import { createInterface } from 'node:readline';

/** Whether somebody can be asked. */
export const canAsk = () => Boolean(process.stdin.isTTY);

/**
 * Asks on stderr, so that stdout stays what the command is for.
 * @returns the line that was typed; '' where the input ends or the signal aborts.
 */
export function askPerson(question: string, signal: AbortSignal): Promise<string> {
  process.stderr.write(question);
  // Not a terminal of readline's: Ctrl-C stays a signal.
  const lines = createInterface({ input: process.stdin, terminal: false });
  return new Promise((resolve) => {
    const answer = (text: string) => {
      resolve(text.trim());
      lines.close();
    };
    lines.once('line', answer);
    lines.once('close', () => resolve(''));
    if (signal.aborted) lines.close();
    signal.addEventListener('abort', () => lines.close(), { once: true });
  });
}
