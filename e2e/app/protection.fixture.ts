/** What kernels take, as the helper double says it: the usual one, one that takes everything, and some that are odd. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import {
  FEATURE_IDS,
  type CapabilityReport,
  type Feature,
  type FeatureId,
  type ProbeOutput,
} from '../../shared/capabilities.ts';
import type { World } from './world.ts';

const WORKS: Feature = { state: 'works' };
const NO_NATIVE: Feature = {
  state: 'refused',
  step: 'attach',
  errno: 95,
  error: 'EOPNOTSUPP',
  message: 'Underlying driver does not support XDP in native mode',
};

const eperm = (step: string): Feature => ({
  state: 'refused',
  step,
  errno: 1,
  error: 'EPERM',
  message: 'Operation not permitted',
});

function features(changes: Partial<Record<FeatureId, Feature>>): ProbeOutput['features'] {
  return { ...Object.fromEntries(FEATURE_IDS.map((id) => [id, WORKS])), ...changes };
}

/** A kernel that names BPF among its security modules and refuses tracing and LSM programs all the same. */
export const USUAL: ProbeOutput = {
  probe: 1,
  features: features({
    'prog.fentry': eperm('attach'),
    'prog.fexit': eperm('attach'),
    'prog.kprobe': eperm('attach'),
    'prog.lsm': eperm('attach'),
    'prog.lsm_sleepable': eperm('attach'),
    'prog.lsm_cgroup': eperm('attach'),
    'bpf.signing': {
      state: 'refused',
      step: 'load',
      errno: 22,
      error: 'EINVAL',
      message: 'Invalid argument',
    },
  }),
  interfaces: [
    {
      name: 'lo',
      driver: null,
      native: { ...NO_NATIVE, message: 'Operation not supported' },
      generic: WORKS,
    },
    { name: 'eth0', driver: 'virtio_net', native: WORKS, generic: WORKS },
    { name: 'wlp3s0', driver: 'iwlwifi', native: NO_NATIVE, generic: WORKS },
  ],
  facts: {
    lsm: 'lockdown,capability,landlock,yama,apparmor,bpf',
    lockdown: '[none] integrity confidentiality',
    cgroup2: '/sys/fs/cgroup',
    mounted: ['securityfs', 'tracefs'],
  },
  took_ms: 812,
};

/** Takes everything. */
export const ALL: ProbeOutput = {
  ...USUAL,
  features: features({}),
  interfaces: [{ name: 'eth0', driver: 'virtio_net', native: WORKS, generic: WORKS }],
};

/** As the usual one, but cgroup version 2 is not mounted: that can be repaired. */
export const NO_CGROUP: ProbeOutput = {
  ...USUAL,
  features: {
    ...USUAL.features,
    ...Object.fromEntries(
      ['prog.cgroup_connect', 'prog.cgroup_sendmsg', 'prog.cgroup_skb', 'cgroup.freezer', 'cgroup.kill'].map(
        (id): [string, Feature] => [
          id,
          {
            state: 'refused',
            step: 'open',
            errno: 2,
            error: 'ENOENT',
            message: 'cgroup version 2 is not mounted',
          },
        ],
      ),
    ),
  },
  facts: { ...USUAL.facts, cgroup2: null },
};

const VERIFIER = Array.from({ length: 60 }, (_, at) => `${at}: (b7) r0 = 0 ; R0_w=scalar()`).join('\n');

/** Names and words that would do harm where they were taken for more than text. */
export const HOSTILE: ProbeOutput = {
  ...USUAL,
  features: {
    ...USUAL.features,
    'prog.lsm': {
      state: 'refused',
      step: 'att\u202each',
      errno: 1,
      error: '<b>EPERM</b>',
      message: `<img src=x onerror="document.title=1">\n\x1b[2Jgone\n${VERIFIER}`,
    },
  },
  interfaces: [
    { name: '\u202eeth<b>0', driver: 'dri\u200bver', native: NO_NATIVE, generic: WORKS },
    { name: 'w'.repeat(15), driver: 'x'.repeat(200), native: WORKS, generic: WORKS },
  ],
};

/** From now on the kernel takes that; null: the probe fails. */
export function giveProbe(world: World, probe: ProbeOutput | null): void {
  writeFileSync(join(world.folder, 'double.sock.probe'), JSON.stringify(probe));
}

/** @param to what an answer or a notice with a report becomes. */
export async function alter(page: Page, to: (report: CapabilityReport) => unknown): Promise<void> {
  await page.routeWebSocket(/\/ws$/, (face) => {
    const engine = face.connectToServer();
    engine.onMessage((text) => {
      const message = JSON.parse(String(text)) as { value?: { bpf_features?: unknown } };
      if (message.value?.bpf_features === undefined) return face.send(text);
      face.send(JSON.stringify({ ...message, value: to(message.value as CapabilityReport) }));
    });
  });
}

const EVIL = '\u202e<img src=x onerror="document.title=1">';

/** A report whose own words, and whose repairs, would do harm where they were taken for more than text. */
export const withEvil = (report: CapabilityReport): CapabilityReport => ({
  ...report,
  summary: EVIL,
  kernel_version: EVIL,
  kernels: [{ version: EVIL, state: 'partly', programs: 2, fitting: 1, findings: [EVIL] }],
  repairs: [
    {
      id: 'evil',
      title: `Mend ${EVIL}`,
      kind: 'boot',
      steps: [
        { text: EVIL, command: 'rm a\u200bb' },
        { text: 'Safe', command: 'true' },
      ],
      diffs: [{ file: EVIL, lines: ['-lsm=a', '+lsm=a,bpf', `+${EVIL}`] }],
      undo: EVIL,
      lifts: ['deny_exec'],
    },
    {
      id: 'other',
      title: 'Mend the other',
      kind: 'sysctl',
      steps: [{ text: 'Safe', command: 'false' }],
      diffs: [{ file: '/etc/x', lines: [' quiet', '-lsm=a', '+lsm=a,bpf'] }],
      undo: 'Leave it.',
      lifts: [],
    },
  ],
  protections: {
    ...report.protections,
    deny_exec: { ...report.protections.deny_exec, why: EVIL, repairs: ['evil', 'other'] },
  },
});
