/** Who is at the other end of a Unix socket. An addon of its own, since the engine must not load the sensor's. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}
interface Addon {
  readonly peer: (fd: number) => Peer;
}

let addon: Addon | undefined;

/** Beside the built engine; from the sources, in native/build. */
function addonPath(): string {
  const here = fileURLToPath(new URL('./build/peer.node', import.meta.url));
  return existsSync(here) ? here : fileURLToPath(new URL('../build/peer.node', import.meta.url));
}

/**
 * The process that connected the Unix socket `fd`, as the kernel noted it then (SO_PEERCRED). Its pid may have been
 * given to another process since; its uid and gid cannot have changed.
 * @throws Error with `errno` where `fd` is not a connected Unix socket.
 */
export function peer(fd: number): Peer {
  addon ??= createRequire(import.meta.url)(addonPath()) as Addon; // our own build, whose shape no parser can vouch for
  return addon.peer(fd);
}
