/** How far this kernel is locked: settings that anybody may read. */
import { readText } from '../doctor/root-facts.ts';
import type { CapabilityReport, ProbeOutput } from '../../shared/capabilities.ts';

type Hardening = CapabilityReport['hardening'];

/** Meanings of Documentation/admin-guide/sysctl: net.core.bpf_jit_*, kernel.unprivileged_bpf_disabled. */
const JIT = ['off', 'on', 'debug'] as const;
const JIT_HARDEN = ['off', 'unprivileged', 'all'] as const;
const UNPRIVILEGED_BPF = ['allowed', 'off for good', 'off'] as const;

/**
 * @param probe where root looked: it sees what is not mounted, too.
 * @param sysctl reads a file below /proc/sys; undefined where there is none, or none for us.
 */
export function hardeningOf(
  probe: ProbeOutput | undefined,
  sysctl: (name: string) => string | undefined = (name) => readText(`/proc/sys/${name}`),
): Hardening {
  const number = (name: string): number | null => {
    const text = sysctl(name);
    return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : null;
  };
  const modules = number('kernel/modules_disabled');
  const signing = probe?.features['bpf.signing']?.state;
  return {
    lockdown: lockdownOf(probe?.facts.lockdown ?? readText('/sys/kernel/security/lockdown')),
    jit: JIT[number('net/core/bpf_jit_enable') ?? -1] ?? null,
    jit_harden: JIT_HARDEN[number('net/core/bpf_jit_harden') ?? -1] ?? null,
    unprivileged_bpf: UNPRIVILEGED_BPF[number('kernel/unprivileged_bpf_disabled') ?? -1] ?? null,
    perf_event_paranoid: number('kernel/perf_event_paranoid'),
    kptr_restrict: number('kernel/kptr_restrict'),
    modules_disabled: modules === null ? null : modules === 1,
    program_signing: signing === undefined || signing === 'untried' ? null : signing === 'works',
  };
}

/** "none [integrity] confidentiality": the one in force stands in brackets. */
function lockdownOf(text: string | undefined): Hardening['lockdown'] {
  const mode = /\[(\w+)\]/.exec(text ?? '')?.[1];
  return mode === 'none' || mode === 'integrity' || mode === 'confidentiality' ? mode : null;
}
