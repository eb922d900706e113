/** Where this build's own files are: beside the built programs or, run from the sources, in `out`. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** merlon-helper, which the engine starts as root. */
export function ownHelper(): string {
  return own('../helper/merlon-helper');
}

/** The sensor programs, as the compiler made them: held against the types of other kernels. */
export function ownObject(): string {
  return own('../engine/merlon.bpf.o');
}

/** What is executed to see whether the sensors tell of it. */
export function ownCanary(): string {
  return own('../engine/merlon-canary');
}

/** Folders of the built programs; none where this runs from its sources. */
export function ownFolders(): readonly string[] {
  const built = fileURLToPath(new URL('..', import.meta.url));
  return basename(built) === 'out'
    ? ['helper', 'engine', 'cli', 'main', 'preload', 'renderer'].map((name) => join(built, name))
    : [];
}

function own(path: string): string {
  const built = fileURLToPath(new URL(path, import.meta.url));
  return existsSync(built)
    ? built
    : fileURLToPath(new URL(`../out/${path.slice('../'.length)}`, import.meta.url));
}
