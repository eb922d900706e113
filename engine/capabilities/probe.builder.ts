/** For tests: what a probe says of a kernel that takes everything, but for what a test refuses. */
import { FEATURE_IDS, type Feature, type FeatureId, type ProbeOutput } from '../../shared/capabilities.ts';

export const EPERM: Feature = {
  state: 'refused',
  step: 'load',
  errno: 1,
  error: 'EPERM',
  message: 'Operation not permitted',
};

export interface Changes {
  readonly features?: Partial<Record<FeatureId, Feature>>;
  readonly facts?: Partial<ProbeOutput['facts']>;
  readonly interfaces?: ProbeOutput['interfaces'];
}

export function probeWith({ features, facts, interfaces }: Changes = {}): ProbeOutput {
  const all = Object.fromEntries(FEATURE_IDS.map((id): [string, Feature] => [id, { state: 'works' }]));
  return {
    probe: 1,
    features: { ...all, ...features },
    interfaces: interfaces ?? [
      { name: 'eth7', driver: 'made_up', native: { state: 'works' }, generic: { state: 'works' } },
    ],
    facts: {
      lsm: 'lockdown,capability,landlock,yama,apparmor,bpf',
      lockdown: '[none] integrity confidentiality',
      cgroup2: '/sys/fs/cgroup',
      mounted: [],
      ...facts,
    },
    took_ms: 149,
  };
}
