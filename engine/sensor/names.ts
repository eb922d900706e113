/** The kernel's numbers as the names that people know, each made once and shared. */
import { constants } from 'node:os';
import { escapeBytes } from '../../shared/bytes.ts';
import { PROCESS_FLAGS, STREAM_KINDS } from '../../shared/event.ts';

/** include/uapi/linux/capability.h, by bit. */
const CAPABILITIES = [
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE',
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN',
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE',
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE',
]
  .join(' ')
  .split(' ')
  .map((name) => `CAP_${name}`);

const MAX_INTERNED = 4096;

function interned<K, T>(make: (key: K) => T): (key: K) => T {
  const known = new Map<K, T>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) {
      value = make(key);
      // Emptied rather than trimmed: whoever brings ever new keys must not pay for order.
      if (known.size >= MAX_INTERNED) known.clear();
      known.set(key, value);
    }
    return value;
  };
}

/** The same object for the same text: fewer live, and whoever compares them has it easy. */
export const sharedText: (text: string) => string = interned((text) => text);

/** The generated reader gives one character for each byte: the same text as everywhere. */
export const commText: (comm: string) => string = interned((comm) =>
  escapeBytes(Buffer.from(comm, 'latin1')),
);

export interface Program {
  readonly executable: string;
  /** The base name. */
  readonly name: string;
}

export const programOf: (executable: string) => Program = interned((executable) => ({
  executable,
  name: executable.slice(executable.lastIndexOf('/') + 1),
}));

/*
 * Lists are frozen: the store knows frozen lists by identity and does not look at their members again.
 */

/** The names of a capability mask; bits that have no name yet read CAP_<number>. */
export const capabilityNames: (mask: number) => readonly string[] = interned((mask: number) => {
  const names: string[] = [];
  for (let bit = 0, rest = mask; rest >= 1; bit++, rest = Math.floor(rest / 2)) {
    if (rest % 2 >= 1) names.push(CAPABILITIES[bit] ?? `CAP_${bit}`);
  }
  return Object.freeze(names);
});

const ERRORS = new Map<number, string>();
for (const [name, number] of Object.entries(constants.errno)) {
  if (!ERRORS.has(number)) ERRORS.set(number, name);
}

/** `ENOENT` for 2. */
export function errorName(errno: number): string {
  return ERRORS.get(errno) ?? `errno ${errno}`;
}

const SIGNALS = new Map<number, string>();
for (const [name, number] of Object.entries(constants.signals)) {
  if (!SIGNALS.has(number)) SIGNALS.set(number, name);
}

/** `SIGKILL` for 9; real-time signals count from SIGRTMIN as the C library does (34). */
export function signalName(signal: number): string {
  return SIGNALS.get(signal) ?? (signal >= 34 ? `SIGRTMIN+${signal - 34}` : `signal ${signal}`);
}

/** The signal of a wait(2) status; undefined where the process ended by itself. */
export function signalOf(status: number): string | undefined {
  const signal = status & 0x7f;
  return signal === 0 ? undefined : signalName(signal);
}

/** The exit code that a shell would show: 128 + signal where a signal ended it. */
export function exitCodeOf(status: number): number {
  const signal = status & 0x7f;
  return signal === 0 ? (status >>> 8) & 0xff : 128 + signal;
}

export function streamName(kind: number): string {
  return STREAM_KINDS[kind] ?? 'other';
}

/** MERLON_F_ARGS_MISSING and MERLON_F_INCOMPLETE; the bits below are PROCESS_FLAGS in their order. */
const ARGS_MISSING = 1 << 13;
const INCOMPLETE = 1 << 14;
/** Not the kernel's: the arguments were read from /proc. */
export const ARGS_FROM_PROC = 1 << 30;

/** The flags of an exec record as words; undefined where there is nothing to say. */
export const flagNames: (mask: number) => readonly string[] | undefined = (mask) =>
  mask === 0 ? undefined : flagList(mask);

const flagList = interned((mask: number) => {
  const names: string[] = PROCESS_FLAGS.filter((_, bit) => bit < 13 && (mask & (1 << bit)) !== 0);
  if (mask & ARGS_FROM_PROC) names.push('args_from_proc');
  if (mask & INCOMPLETE || (mask & ARGS_MISSING && !(mask & ARGS_FROM_PROC))) names.push('incomplete');
  return Object.freeze(names);
});

/** `8:1`: the kernel's major << 20 | minor. */
export const deviceName: (dev: number) => string = interned((dev) => `${dev >>> 20}:${dev & 0xfffff}`);

/** Ids as text, made once: users, groups. */
export const idText: (id: number) => string = interned(String);
