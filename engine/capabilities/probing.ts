/** Runs the helper for the probe alone: as root directly, through pkexec by anybody else. */
import * as v from 'valibot';
import { probeOutput, type ProbeOutput } from '../../shared/capabilities.ts';
import { fail, ok, type Result } from '../../shared/result.ts';
import { endingOf } from '../sensor/ending.ts';
import { routeOf, spawnHelper } from '../sensor/spawn.ts';

export type ProbeFailure = 'not_permitted' | 'failed';

/** More than a probe of a host with a thousand interfaces. */
const MAX_BYTES = 512 << 10;
/** From its start on; under pkexec a person types a password first. */
const LIMIT_MS = 30_000;
const STDERR_KEPT = 4096;
const REFUSED: ReadonlySet<string> = new Set(['dismissed', 'not_authorised']);

/** What the helper passed on, or the probe printed, where it is what a probe says. */
export function parseProbe(value: unknown): ProbeOutput | undefined {
  const parsed = v.safeParse(probeOutput, value);
  return parsed.success ? parsed.output : undefined;
}

/**
 * @param file absolute path of merlon-helper, or of a script that plays it.
 * @param log takes a line of its stderr.
 * @param signal gives up, also while a password is asked for.
 */
export function runProbe(
  file: string,
  log: (line: string) => void,
  signal?: AbortSignal,
): Promise<Result<ProbeOutput, ProbeFailure>> {
  const route = routeOf(file, process.getuid?.() ?? -1);
  const child = spawnHelper(route, file, ['probe']);
  const parts: Buffer[] = [];
  let bytes = 0;
  let stderr = '';
  let spawnError: string | undefined;
  let tooLate = false;
  const timer =
    route === 'pkexec'
      ? undefined
      : setTimeout(() => {
          tooLate = true;
          child.kill('SIGKILL');
        }, LIMIT_MS);
  // pkexec while it asks is the caller's own to end; what runs as root by then is not, and ends by itself.
  const giveUp = () => void child.kill('SIGTERM');
  signal?.addEventListener('abort', giveUp, { once: true });
  child.stdin.end();
  child.stdout.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes <= MAX_BYTES) parts.push(part);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT);
    for (const line of text.split('\n')) if (line.trim() !== '') log(line);
  });
  for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.on('error', () => {}); // 'close' tells its end
  return new Promise((resolve) => {
    const finish = (code: number | null, killedBy: string | null) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
      if (tooLate) return resolve(fail('failed', `The probe took longer than ${LIMIT_MS / 1000} s.`));
      if (code === 0 && bytes <= MAX_BYTES) return resolve(parsed(Buffer.concat(parts).toString('utf8')));
      const failed = spawnError === undefined ? {} : { spawnError };
      const how = { route, file, code, signal: killedBy, ...failed, greeted: false, midFrame: false, stderr };
      const { state, reason } = endingOf(how);
      if (REFUSED.has(state)) return resolve(fail('not_permitted', reason));
      resolve(fail('failed', `The kernel could not be tried. ${reason}`, stderr.trim()));
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      spawnError ??= error.code ?? error.message;
      if (child.pid === undefined) finish(null, null);
    });
    child.on('close', finish);
  });
}

function parsed(text: string): Result<ProbeOutput, ProbeFailure> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const output = parseProbe(value);
  return output === undefined
    ? fail(
        'failed',
        'The probe said something else than a probe does. Build Merlon again with: npm run build',
      )
    : ok(output);
}
