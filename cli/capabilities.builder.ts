/** For tests: a whole report, of a kernel that takes nearly everything, and changes to it. */
import {
  CAPABILITIES_SCHEMA,
  FEATURE_IDS,
  PROTECTION_IDS,
  type CapabilityReport,
  type Feature,
  type FeatureId,
  type KernelForecast,
  type Protection,
  type ProtectionId,
  type Repair,
} from '../shared/capabilities.ts';

export const WORKS: Feature = { state: 'works' };
export const REFUSED: Feature = {
  state: 'refused',
  step: 'load',
  errno: 1,
  error: 'EPERM',
  message: 'Operation not permitted',
};
export const UNTRIED: Feature = { state: 'untried', message: 'Only root may try it.' };

const all = (feature: Feature, others: Partial<Record<FeatureId, Feature>> = {}) =>
  ({ ...Object.fromEntries(FEATURE_IDS.map((id) => [id, feature])), ...others }) as Record<
    FeatureId,
    Feature
  >;

/** One way, which works. */
const one = (
  group: Protection['group'],
  title: string,
  name: string,
  needs: readonly FeatureId[],
  reliedOnBy: readonly string[] = [],
): Protection => ({
  group,
  title,
  state: 'works',
  rung: 0,
  rungs: [{ name, state: 'works', needs }],
  why: `Tried: ${name} worked.`,
  lost: null,
  repairs: [],
  relied_on_by: reliedOnBy,
});

export const PROTECTIONS: Readonly<Record<ProtectionId, Protection>> = {
  see_programs: one(
    'sees',
    'Every program that starts and ends',
    'typed tracepoints',
    ['prog.tp_btf'],
    ['sensing'],
  ),
  see_failed_programs: {
    ...one(
      'sees',
      'Attempts to start a program that fail',
      'function ends (fexit)',
      ['prog.fexit'],
      ['sensing'],
    ),
    state: 'degraded',
    rung: 1,
    rungs: [
      { name: 'function ends (fexit)', state: 'refused', needs: ['prog.fexit'] },
      {
        name: 'system-call tracepoints',
        state: 'works',
        needs: ['prog.tracepoint'],
        limits: 'Attempts by 32-bit programs are not seen.',
      },
    ],
    why: 'Program at a function’s end: refused (load: EPERM).',
    lost: 'Attempts by 32-bit programs are not seen.',
  },
  see_running: one(
    'sees',
    'What runs already when Merlon starts',
    'process iterator',
    ['prog.iter_task'],
    ['sensing'],
  ),
  see_files: one('sees', 'File changes and sensitive reads', 'fanotify', ['fanotify.open_perm']),
  see_connections: one('sees', 'Connections and listeners', 'typed tracepoints', ['prog.tp_btf']),
  see_bpf: one('sees', 'BPF programs of others', 'the kernel’s own list', ['bpf.inventory']),
  deny_exec: {
    ...one('stops', 'A program before it runs', 'BPF LSM', ['prog.lsm']),
    state: 'degraded',
    rung: 1,
    rungs: [
      { name: 'BPF LSM', state: 'refused', needs: ['prog.lsm'] },
      {
        name: 'fanotify',
        state: 'works',
        needs: ['fanotify.open_exec_perm'],
        limits: 'A program that a loader or a shell is asked to run, and one in memory, is not denied.',
      },
      {
        name: 'end at start',
        state: 'works',
        needs: ['prog.tp_btf', 'helper.send_signal'],
        limits: 'The program is ended before its first instruction: killed, not denied.',
      },
    ],
    why: 'Program on a security hook: refused (load: EPERM). “bpf” is not among the security modules that this kernel was started with.',
    lost: 'A program that a loader or a shell is asked to run, and one in memory, is not denied.',
    repairs: ['bpf_lsm'],
  },
  deny_file: one('stops', 'Access to a file', 'fanotify', ['fanotify.open_perm']),
  deny_connect: one('stops', 'A process from reaching the network', 'cgroup hooks', ['prog.cgroup_connect']),
  drop_traffic: one('stops', 'Unwanted traffic from outside', 'XDP in the driver', ['prog.xdp_native']),
  end_process: one('stops', 'A process that runs, and no other', 'handle of the process', ['pidfd.signal']),
  pause_process: one('stops', 'A process for a while', 'cgroup freezer', ['cgroup.freezer']),
  protect_itself: {
    ...one('holds', 'Itself against root', 'BPF LSM', ['prog.lsm']),
    state: 'impossible',
    rung: null,
    rungs: [{ name: 'BPF LSM', state: 'refused', needs: ['prog.lsm'] }],
    why: 'Program on a security hook: refused (load: EPERM).',
    lost: 'Root can end Merlon.',
    repairs: ['bpf_lsm'],
  },
  safe_paths: one('holds', 'Paths that nobody leads astray', 'openat2', ['openat2.resolve']),
  measure_itself: one('holds', 'What its own programs cost', 'BPF statistics', ['bpf.stats']),
};

export const REPAIR: Repair = {
  id: 'bpf_lsm',
  title: 'Let BPF LSM load',
  kind: 'boot',
  steps: [
    { text: 'Write /etc/grub.d/42_merlon as it is shown below.', command: 'sudoedit /etc/grub.d/42_merlon' },
    { text: 'Have the menu written; the present entry stays the default.', command: 'sudo update-grub' },
    { text: 'Reboot, and choose “Debian GNU/Linux (with BPF LSM)”.' },
  ],
  diffs: [
    {
      file: '/etc/grub.d/42_merlon',
      lines: [
        '+#!/bin/sh',
        '+exec tail -n +3 "$0"',
        "+menuentry 'Debian GNU/Linux (with BPF LSM)' --class debian {",
        '+\tlinux /boot/vmlinuz-6.18.44 root=UUID=6b1c4b0e-4f5e-4f1e-9f0e-5a2f6d1f7c11 ro quiet lsm=lockdown,landlock,yama,apparmor,bpf',
        '+}',
      ],
    },
    {
      file: '/etc/default/grub',
      lines: [' GRUB_TIMEOUT=5', '-GRUB_CMDLINE="quiet"', '+GRUB_CMDLINE="quiet lsm=bpf"'],
    },
  ],
  undo: 'Delete /etc/grub.d/42_merlon and run sudo update-grub: nothing else was changed.',
  lifts: ['deny_exec', 'protect_itself'],
};

export const KERNELS: readonly KernelForecast[] = [
  { version: '6.18.51', state: 'fits', programs: 31, fitting: 31, findings: [] },
  {
    version: '6.1.158-1',
    state: 'partly',
    programs: 31,
    fitting: 29,
    findings: ['The process iterator that reads memory stops working.', 'Freezing by cgroup stops working.'],
  },
  {
    version: '4.19.0',
    state: 'unknown',
    programs: 31,
    fitting: 0,
    findings: ['It does not describe its types.'],
  },
];

const UNSUPPORTED: Feature = {
  ...REFUSED,
  step: 'attach',
  errno: 95,
  error: 'EOPNOTSUPP',
  message: 'Not supported',
};

const REPORT: CapabilityReport = {
  schema: CAPABILITIES_SCHEMA,
  made: new Date(2026, 10, 24, 14, 31, 2).getTime(),
  boot_id: '0b8f3a52-3c1c-4c5e-9c39-0b0a6d1f3d10',
  kernel_version: '6.18.44',
  architecture: 'x64',
  privileged: true,
  why_not: null,
  took_ms: 812,
  summary:
    'Merlon sees every program that starts and ends on this kernel, but not the failed attempts of 32-bit programs. It could deny programs by fanotify (one rung below the strongest) and cut a process off the network; it cannot stop root from ending it.',
  btf_available: true,
  bpf_features: all(WORKS, { 'prog.lsm': REFUSED, 'prog.fexit': REFUSED }),
  lsm: {
    active: ['lockdown', 'capability', 'landlock', 'yama', 'apparmor'],
    bpf_listed: false,
    bpf_works: false,
  },
  xdp: {
    enp5s0: { driver: 'igc', native: WORKS, generic: WORKS },
    wlp3s0: { driver: 'iwlwifi', native: UNSUPPORTED, generic: WORKS },
    lo: { driver: null, native: UNSUPPORTED, generic: WORKS },
  },
  hardening: {
    lockdown: 'integrity',
    jit: 'on',
    jit_harden: 'unprivileged',
    unprivileged_bpf: 'off for good',
    perf_event_paranoid: 3,
    kptr_restrict: 1,
    modules_disabled: false,
    program_signing: false,
  },
  protections: PROTECTIONS,
  repairs: [REPAIR],
  kernels: KERNELS,
  since_last: {
    made: new Date(2026, 10, 23, 9, 2, 44).getTime(),
    kernel_version: '6.18.44',
    same_boot: false,
    changes: [],
  },
};

export const capabilityReport = (changes: Partial<CapabilityReport> = {}): CapabilityReport => ({
  ...REPORT,
  ...changes,
});

const untried = (protection: Protection): Protection => ({
  ...protection,
  state: 'unknown',
  rung: null,
  rungs: protection.rungs.map((rung) => ({ ...rung, state: 'unknown' })),
  why: 'Not tried yet: only root may.',
  lost: null,
  repairs: [],
});

/** What anybody can know: nothing was tried. */
export const unprivilegedReport = (whyNot = 'You dismissed the password dialog.'): CapabilityReport => ({
  ...REPORT,
  privileged: false,
  why_not: whyNot,
  took_ms: 0,
  summary: 'Nobody has tried this kernel yet, so what Merlon can do on it is not known.',
  bpf_features: all(UNTRIED, { 'btf.vmlinux': WORKS }),
  lsm: { active: null, bpf_listed: null, bpf_works: null },
  xdp: { lo: { driver: null, native: UNTRIED, generic: UNTRIED } },
  hardening: { ...REPORT.hardening, lockdown: null, jit_harden: null, program_signing: null },
  protections: Object.fromEntries(PROTECTION_IDS.map((id) => [id, untried(PROTECTIONS[id])])) as Record<
    ProtectionId,
    Protection
  >,
  repairs: [],
  kernels: [],
  since_last: null,
});

export const withProtection = (
  id: ProtectionId,
  changes: Partial<Protection>,
  report = capabilityReport(),
): CapabilityReport => ({
  ...report,
  protections: { ...report.protections, [id]: { ...report.protections[id], ...changes } },
});

/** What no terminal and no browser is to obey. */
export const EVIL =
  '</style><script>alert(1)</script>"\' onload=x \u202eevil\u001b]0;x\u0007 & \nline\ttab\u200b\ud800';

/** Every text of it says something hostile; names that are in the contract stay. */
export function hostileReport(): CapabilityReport {
  const feature: Feature = { state: 'refused', step: EVIL, errno: 1, error: EVIL, message: EVIL };
  const features = Object.fromEntries(FEATURE_IDS.map((id) => [id, feature])) as Record<FeatureId, Feature>;
  const evil = withProtection('deny_exec', {
    title: EVIL,
    why: EVIL,
    lost: EVIL,
    relied_on_by: [EVIL],
    rungs: [{ name: EVIL, state: 'refused', needs: ['prog.lsm'], limits: EVIL }],
    state: 'impossible',
    rung: null,
  });
  return {
    ...evil,
    summary: EVIL,
    why_not: EVIL,
    boot_id: EVIL,
    kernel_version: EVIL,
    architecture: EVIL,
    bpf_features: features,
    lsm: { active: [EVIL], bpf_listed: null, bpf_works: null },
    xdp: { [EVIL]: { driver: EVIL, native: feature, generic: feature } },
    repairs: [
      {
        ...REPAIR,
        title: EVIL,
        undo: EVIL,
        steps: [{ text: EVIL, command: EVIL }],
        diffs: [{ file: EVIL, lines: [`+${EVIL}`, EVIL] }],
      },
    ],
    kernels: [{ version: EVIL, state: 'not', programs: 1, fitting: 0, findings: [EVIL] }],
    since_last: {
      made: 0,
      kernel_version: EVIL,
      same_boot: false,
      changes: [{ protection: 'deny_exec', before: 'works', after: 'impossible', rungs: [EVIL, null] }],
    },
  };
}
