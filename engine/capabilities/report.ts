/** Makes a report: from what root tried, or from what anybody can know. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { arch, release } from 'node:os';
import { readText } from '../doctor/root-facts.ts';
import {
  CAPABILITIES_SCHEMA,
  FEATURE_IDS,
  type CapabilityReport,
  type Feature,
  type FeatureId,
  type ProbeOutput,
} from '../../shared/capabilities.ts';
import { hardeningOf } from './hardening.ts';
import { protectionsOf, type Features } from './protections.ts';
import { byProtection, repairsOf } from './repairs.ts';
import { summaryOf } from './summary.ts';

const NEEDS_ROOT: Feature = { state: 'untried', message: 'Only root may try it.' };
const NOT_SAID: Feature = { state: 'untried', message: 'The probe did not try it.' };
const BTF = '/sys/kernel/btf/vmlinux';

export type BareReport = Omit<CapabilityReport, 'kernels' | 'since_last'>;

/** @param whyNot why `probe` is not there: what to do about it, a sentence. */
export function reportOf(probe: ProbeOutput | undefined, whyNot: string | null): BareReport {
  const features = featuresOf(probe);
  const lsm = lsmOf(probe, features);
  const xdp = xdpOf(probe);
  const hardening = hardeningOf(probe);
  const repairs =
    probe === undefined
      ? []
      : repairsOf({ features, lsm, lockdown: hardening.lockdown, cgroup2: probe.facts.cgroup2 });
  const real = withHardware(Object.keys(xdp));
  const protections = protectionsOf(features, {
    privileged: probe !== undefined,
    bpfListed: lsm.bpf_listed,
    native: real.filter((name) => xdp[name]?.native.state === 'works'),
    generic: real.filter((name) => xdp[name]?.native.state === 'refused'),
    repairs: byProtection(repairs),
  });
  return {
    schema: CAPABILITIES_SCHEMA,
    made: Date.now(),
    boot_id: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    kernel_version: release(),
    architecture: arch(),
    privileged: probe !== undefined,
    why_not: probe === undefined ? whyNot : null,
    took_ms: probe?.took_ms ?? 0,
    summary: summaryOf(protections, probe !== undefined),
    btf_available: features['btf.vmlinux'].state === 'works',
    bpf_features: features,
    lsm,
    xdp,
    hardening,
    protections,
    repairs,
  };
}

function featuresOf(probe: ProbeOutput | undefined): Features {
  const unprivileged = (id: FeatureId): Feature =>
    id === 'btf.vmlinux' && existsSync(BTF) ? { state: 'works' } : NEEDS_ROOT;
  const all = FEATURE_IDS.map(
    (id) => [id, probe === undefined ? unprivileged(id) : (probe.features[id] ?? NOT_SAID)] as const,
  );
  return Object.fromEntries(all) as Record<FeatureId, Feature>; // each of FEATURE_IDS
}

function lsmOf(probe: ProbeOutput | undefined, features: Features): CapabilityReport['lsm'] {
  const text = probe?.facts.lsm ?? readText('/sys/kernel/security/lsm');
  const active = text === undefined ? null : text.split(',').filter((name) => name !== '');
  const { state } = features['prog.lsm'];
  return {
    active,
    bpf_listed: active?.includes('bpf') ?? null,
    bpf_works: state === 'untried' ? null : state === 'works',
  };
}

function xdpOf(probe: ProbeOutput | undefined): CapabilityReport['xdp'] {
  if (probe !== undefined)
    return Object.fromEntries(
      probe.interfaces.map(({ name, driver, native, generic }) => [name, { driver, native, generic }]),
    );
  const untried = { driver: null, native: NEEDS_ROOT, generic: NEEDS_ROOT };
  return Object.fromEntries(interfaces().map((name) => [name, untried]));
}

function interfaces(): string[] {
  try {
    return readdirSync('/sys/class/net').sort();
  } catch {
    return []; // no sysfs: none are known
  }
}

/** What has a cable or an antenna; all but loopback where nothing has. */
function withHardware(names: readonly string[]): readonly string[] {
  const hardware = names.filter((name) => existsSync(`/sys/class/net/${name}/device`));
  return hardware.length > 0 ? hardware : names.filter((name) => name !== 'lo');
}
