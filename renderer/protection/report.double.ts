/** For tests: a report of a kernel that refuses tracing and LSM programs, as an engine would make it. */
import {
  FEATURE_IDS,
  PROTECTION_IDS,
  type CapabilityReport,
  type Feature,
  type FeatureId,
  type Protection,
  type ProtectionId,
  type Rung,
} from '../../shared/capabilities.ts';

export const MADE = new Date(2026, 10, 22, 14, 31, 2).getTime();

const works: Feature = { state: 'works' };
export const refused: Feature = {
  state: 'refused',
  step: 'attach',
  errno: 1,
  error: 'EPERM',
  message: 'Operation not permitted',
};
const REFUSED: readonly FeatureId[] = [
  'prog.fentry',
  'prog.fexit',
  'prog.kprobe',
  'prog.lsm',
  'prog.lsm_sleepable',
  'prog.lsm_cgroup',
  'bpf.signing',
];

/** Record with a value for each of some names. */
function record<K extends string, V>(names: readonly K[], of: (name: K) => V): Record<K, V> {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<K, V>;
}

export function rung(name: string, state: Rung['state'], more: Partial<Rung> = {}): Rung {
  return { name, state, needs: ['prog.tp_btf'], ...more };
}

export function protection(more: Partial<Protection> = {}): Protection {
  return {
    group: 'sees',
    title: 'Every program that starts and ends',
    state: 'works',
    rung: 0,
    rungs: [rung('typed tracepoints', 'works')],
    why: 'The kernel takes programs on its typed tracepoints.',
    lost: null,
    repairs: [],
    relied_on_by: ['sensing'],
    ...more,
  };
}

export const DENY_EXEC = protection({
  group: 'stops',
  title: 'A program before it runs',
  state: 'degraded',
  rung: 1,
  rungs: [
    rung('BPF LSM', 'refused', { needs: ['prog.lsm'] }),
    rung('fanotify', 'works', { needs: ['fanotify.open_exec_perm'], limits: 'It denies by file.' }),
    rung('SIGKILL at exec', 'works', {
      needs: ['helper.send_signal'],
      limits: 'That is a kill, not a denial.',
    }),
  ],
  why: 'A program on a security hook is refused at attach (EPERM).',
  lost: 'Programs in memory are killed at exec instead of denied.',
  repairs: ['lsm_boot'],
  relied_on_by: [],
});

export function report(more: Partial<CapabilityReport> = {}): CapabilityReport {
  return {
    schema: 1,
    made: MADE,
    boot_id: '4f0b7c1e-0000-4000-8000-000000000000',
    kernel_version: '6.12.48+deb13-amd64',
    architecture: 'x86_64',
    privileged: true,
    why_not: null,
    took_ms: 812,
    summary: 'Merlon sees all it is meant to on this kernel; it denies programs by fanotify.',
    btf_available: true,
    bpf_features: record(FEATURE_IDS, (id) => (REFUSED.includes(id) ? refused : works)),
    lsm: { active: ['lockdown', 'capability', 'bpf'], bpf_listed: true, bpf_works: false },
    xdp: { lo: { driver: null, native: refused, generic: works } },
    hardening: {
      lockdown: 'none',
      jit: 'on',
      jit_harden: 'off',
      unprivileged_bpf: 'off for good',
      perf_event_paranoid: 2,
      kptr_restrict: 1,
      modules_disabled: false,
      program_signing: false,
    },
    protections: record<ProtectionId, Protection>(PROTECTION_IDS, (id) =>
      id === 'deny_exec' ? DENY_EXEC : protection(),
    ),
    repairs: [],
    kernels: [],
    since_last: null,
    ...more,
  };
}
