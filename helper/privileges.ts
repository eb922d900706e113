/** What this process may do, checked on every thread: capabilities belong to threads, and Node has several. */
import { readdirSync, readFileSync } from 'node:fs';

/** Numbers of capabilities(7) that the launcher leaves to the helper. */
const KEPT: ReadonlyMap<number, string> = new Map([
  [2, 'CAP_DAC_READ_SEARCH'],
  [38, 'CAP_PERFMON'],
  [39, 'CAP_BPF'],
]);
const SETS = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'] as const;
const KEPT_MASK = [...KEPT.keys()].reduce((mask, number) => mask | (1n << BigInt(number)), 0n);

/** The process may do more than the helper needs: it must not serve. */
export class PrivilegeError extends Error {
  override name = 'PrivilegeError';
}

/**
 * Names of the effective capabilities in one thread's /proc/PID/task/TID/status.
 * @throws PrivilegeError where any set holds a capability too many, or no-new-privs is off.
 */
export function capabilitiesOf(status: string): string[] {
  const field = (name: string): string => {
    const value = new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1];
    if (value === undefined) throw new PrivilegeError(`the kernel’s status of a thread has no ${name}`);
    return value;
  };
  for (const set of SETS) {
    const beyond = BigInt(`0x${field(set)}`) & ~KEPT_MASK;
    if (beyond !== 0n)
      throw new PrivilegeError(`${set} holds more than the helper needs: 0x${beyond.toString(16)}`);
  }
  if (field('NoNewPrivs') !== '1') throw new PrivilegeError('no-new-privs is off');
  const effective = BigInt(`0x${field('CapEff')}`);
  return [...KEPT].filter(([number]) => (effective >> BigInt(number)) & 1n).map(([, name]) => name);
}

/**
 * The capabilities that this process kept, the same on each of its threads.
 * @throws PrivilegeError where a thread has one too many.
 */
export function keptCapabilities(): string[] {
  const threads = readdirSync('/proc/self/task').map((thread) =>
    capabilitiesOf(readFileSync(`/proc/self/task/${thread}/status`, 'utf8')),
  );
  const [first, ...others] = threads;
  if (first === undefined || others.some((names) => names.join() !== first.join()))
    throw new PrivilegeError('the threads of the helper hold different capabilities');
  return first;
}
