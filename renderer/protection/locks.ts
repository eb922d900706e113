/** How this kernel is locked against its own users and root, in words for a person. */
import type { CapabilityReport } from '../../shared/capabilities.ts';

export interface Lock {
  readonly id: string;
  readonly label: string;
  /** Where the kernel says so: a file or a setting. */
  readonly where: string;
  /** What is set, in a word or two; undefined where it is not known. */
  readonly word: string | undefined;
  /** What that means; a sentence. Foreign text where `foreign` is set. */
  readonly about: string;
}

type Words = readonly [word: string, about: string];

const UNKNOWN = 'This kernel does not say, or only tells root.';

export function locksOf({ hardening, lsm }: CapabilityReport): readonly Lock[] {
  const lock = (id: string, label: string, where: string, words: Words | undefined): Lock => ({
    id,
    label,
    where,
    word: words?.[0],
    about: words?.[1] ?? UNKNOWN,
  });
  const of = <K extends PropertyKey>(value: K | null, table: Readonly<Record<K, Words>>) =>
    value === null ? undefined : table[value];
  const yesNo = (value: boolean | null, yes: Words, no: Words) =>
    value === null ? undefined : value ? yes : no;
  return [
    lock('lsm', 'BPF as a security module', '/sys/kernel/security/lsm', lsmWords(lsm)),
    lock('lockdown', 'Lockdown', '/sys/kernel/security/lockdown', of(hardening.lockdown, LOCKDOWN)),
    lock('jit', 'JIT', 'net.core.bpf_jit_enable', of(hardening.jit, JIT)),
    lock('jit_harden', 'JIT hardening', 'net.core.bpf_jit_harden', of(hardening.jit_harden, JIT_HARDEN)),
    lock(
      'unprivileged_bpf',
      'BPF without root',
      'kernel.unprivileged_bpf_disabled',
      of(hardening.unprivileged_bpf, UNPRIVILEGED),
    ),
    lock(
      'perf',
      'Measuring by users',
      'kernel.perf_event_paranoid',
      perfWords(hardening.perf_event_paranoid),
    ),
    lock('kptr', 'Kernel addresses', 'kernel.kptr_restrict', kptrWords(hardening.kptr_restrict)),
    lock(
      'modules',
      'Kernel modules',
      'kernel.modules_disabled',
      yesNo(
        hardening.modules_disabled,
        ['none can be loaded', 'Not even root can load one until the next boot.'],
        ['root may load them', 'A module can do whatever the kernel can.'],
      ),
    ),
    lock(
      'signing',
      'Signed programs',
      'BPF_PROG_LOAD with a signature',
      yesNo(
        hardening.program_signing,
        ['can be checked', 'The kernel can check who signed a BPF program.'],
        ['cannot be checked', 'The kernel does not look at signatures of BPF programs.'],
      ),
    ),
  ];
}

function lsmWords({ bpf_listed: listed, bpf_works: works }: CapabilityReport['lsm']): Words | undefined {
  if (works === true) return ['works', 'Programs on security hooks can deny before anything happens.'];
  if (works === false && listed === true)
    return [
      'listed, but refused',
      'The kernel names it among its security modules, and takes no program all the same.',
    ];
  if (listed === false)
    return ['not switched on', 'The kernel was booted without “bpf” among its security modules.'];
  if (listed === true) return ['listed, not tried', 'The kernel names it among its security modules.'];
  return works === false ? ['refused', 'The kernel takes no program on a security hook.'] : undefined;
}

const LOCKDOWN: Readonly<Record<'none' | 'integrity' | 'confidentiality', Words>> = {
  none: ['off', 'Root may change the running kernel.'],
  integrity: ['integrity', 'Root may not change the running kernel.'],
  confidentiality: [
    'confidentiality',
    'Root may not change the running kernel, and BPF programs may not read its memory.',
  ],
};

const JIT: Readonly<Record<'off' | 'on' | 'debug', Words>> = {
  off: ['off', 'BPF programs are interpreted, which is slower.'],
  on: ['on', 'BPF programs run as machine code.'],
  debug: ['on, with a log', 'BPF programs run as machine code, which is also written to the kernel’s log.'],
};

const JIT_HARDEN: Readonly<Record<'off' | 'unprivileged' | 'all', Words>> = {
  off: ['off', 'Constants stand in the machine code as they are.'],
  unprivileged: ['without root', 'Constants in programs of ordinary users are scrambled.'],
  all: ['all programs', 'Constants in every program are scrambled; programs run somewhat slower.'],
};

const UNPRIVILEGED: Readonly<Record<'allowed' | 'off' | 'off for good', Words>> = {
  allowed: ['allowed', 'Every user may load some kinds of BPF programs.'],
  off: ['off', 'Only root may load BPF programs, until root allows it again.'],
  'off for good': [
    'off until reboot',
    'Only root may load BPF programs; that cannot be changed before a reboot.',
  ],
};

function perfWords(level: number | null): Words | undefined {
  if (level === null) return undefined;
  const word = `level ${level}`;
  if (level < 0) return [word, 'Users may measure everything on this machine.'];
  if (level === 0)
    return [word, 'Users may measure the processor and the kernel, but not read raw tracepoints.'];
  if (level === 1) return [word, 'Users may measure their own programs, and what the kernel does for them.'];
  if (level === 2) return [word, 'Users may measure their own programs, without what the kernel does.'];
  return [word, 'Only root may measure.'];
}

function kptrWords(level: number | null): Words | undefined {
  if (level === null) return undefined;
  if (level === 0) return ['not hidden further', 'They are scrambled in the log, as always.'];
  if (level === 1) return ['hidden from users', 'Only root sees where things lie in the kernel’s memory.'];
  return ['hidden from all', 'Not even root sees where things lie in the kernel’s memory.'];
}
