/** What is known without root, for the page that says what a password is for. */
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import type { RootFacts } from '../../shared/console.ts';

/** @param helper absolute path of the helper. */
export function rootFacts(helper: string): RootFacts {
  return {
    root: process.getuid?.() === 0,
    kernel: release(),
    btf: existsSync('/sys/kernel/btf/vmlinux'),
    lsm: readText('/sys/kernel/security/lsm')?.split(',') ?? null,
    helper,
  };
}

/** Without the end of the line; undefined where there is none, or none for us. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
