/** How the helper's process is started: directly by root, through pkexec by anybody else. Always an argv array. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import type { Route } from './ending.ts';

export type HelperChild = ChildProcessByStdio<Writable, Readable, Readable>;

/** A script is a test double; root needs nobody's leave. */
export function routeOf(file: string, uid: number): Route {
  if (/\.(js|mjs|ts)$/.test(file)) return 'double';
  return uid === 0 ? 'direct' : 'pkexec';
}

/** pkexec's own text agent asks on the terminal where there is one; elsewhere only a desktop's agent can. */
export function argvOf(
  route: Route,
  file: string,
  hasTerminal: boolean,
  words: readonly 'probe'[] = [],
): readonly [string, ...string[]] {
  switch (route) {
    case 'double':
      return [process.execPath, file, ...words];
    case 'direct':
      return [file, ...words];
    case 'pkexec':
      return hasTerminal
        ? ['pkexec', file, ...words]
        : ['pkexec', '--disable-internal-agent', file, ...words];
  }
}

/** @param words “probe”: it tries what the kernel takes, prints that, and ends. */
export function spawnHelper(route: Route, file: string, words: readonly 'probe'[] = []): HelperChild {
  const [command, ...args] = argvOf(route, file, hasTerminal(), words);
  return spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], shell: false });
}

/** Whether this process has a controlling terminal, on which pkexec could ask. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r+'));
    return true;
  } catch {
    return false;
  }
}
