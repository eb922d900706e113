/** What would lift a protection, as far as somebody at this machine can do it. */
import { readdirSync } from 'node:fs';
import {
  PROTECTION_IDS,
  type CapabilityReport,
  type FeatureId,
  type Protection,
  type ProtectionId,
  type Repair,
} from '../../shared/capabilities.ts';
import { lsmRepair } from './boot-loader.ts';
import { LADDERS } from './ladders.ts';
import type { Features } from './protections.ts';

export interface Broken {
  readonly features: Features;
  readonly lsm: CapabilityReport['lsm'];
  readonly lockdown: CapabilityReport['hardening']['lockdown'];
  readonly cgroup2: string | null;
}

/** Those that apply, with what they lift; none for what only another kernel could. */
export function repairsOf(broken: Broken): Repair[] {
  const found = [bpfLsm(broken), types(broken), unlocked(broken), cgroup2(broken)];
  return found.filter((repair) => repair !== undefined).filter(({ lifts }) => lifts.length > 0);
}

/** Ids of repairs, by what they lift. */
export function byProtection(repairs: readonly Repair[]): ReadonlyMap<ProtectionId, Protection['repairs']> {
  return new Map(
    PROTECTION_IDS.map((id) => [
      id,
      repairs.filter(({ lifts }) => lifts.includes(id)).map((each) => each.id),
    ]),
  );
}

/** Protections with a rung that needs one of these and is stronger than any that works. */
function lifted(features: Features, needs: readonly FeatureId[]): ProtectionId[] {
  return PROTECTION_IDS.filter((id) => {
    const { rungs } = LADDERS[id];
    const inUse = rungs.findIndex((rung) => rung.needs.every((need) => features[need].state === 'works'));
    const stronger = inUse < 0 ? rungs : rungs.slice(0, inUse);
    return stronger.some((rung) => rung.needs.some((need) => needs.includes(need)));
  });
}

function bpfLsm({ features, lsm }: Broken): Repair | undefined {
  if (features['prog.lsm'].state !== 'refused' || lsm.bpf_listed === true) return undefined;
  const repair = lsmRepair(lsm.active);
  return repair && { id: 'bpf_lsm', ...repair, lifts: lifted(features, ['prog.lsm']) };
}

function types({ features }: Broken): Repair | undefined {
  if (features['btf.vmlinux'].state !== 'refused') return undefined;
  return {
    id: 'btf',
    title: 'Use a kernel that describes its types',
    kind: 'kernel',
    steps: [
      {
        text: 'Install the distribution’s own kernel: those of Debian, Ubuntu, Fedora, Arch and openSUSE are built with CONFIG_DEBUG_INFO_BTF. Then start the machine with it.',
      },
    ],
    diffs: [],
    undo: 'Choose the present kernel in the boot menu again.',
    lifts: lifted(features, ['btf.vmlinux']),
  };
}

function unlocked({ features, lockdown }: Broken): Repair | undefined {
  if (lockdown !== 'confidentiality') return undefined;
  return {
    id: 'lockdown',
    title: 'Lock the kernel against changes, not against being read',
    kind: 'boot',
    steps: [
      {
        text: 'Start the kernel with lockdown=integrity instead of lockdown=confidentiality: then programs that the kernel has checked may read what it knows of a process.',
      },
    ],
    diffs: [],
    undo: 'Start the kernel with lockdown=confidentiality again.',
    lifts: lifted(features, ['prog.tp_btf', 'helper.probe_read_kernel_str']),
  };
}

function cgroup2({ features, cgroup2: where }: Broken): Repair | undefined {
  if (where !== null) return undefined;
  // Beside version 1 it gets a folder of its own; where nothing is mounted, the kernel's own place.
  const beside = namesIn('/sys/fs/cgroup').length > 0;
  const place = beside ? '/sys/fs/cgroup/unified' : '/sys/fs/cgroup';
  return {
    id: 'cgroup2',
    title: 'Mount cgroup version 2',
    kind: 'mount',
    steps: [
      {
        text: 'Until the next start of the machine:',
        command: `${beside ? `sudo mkdir -p ${place} && ` : ''}sudo mount -t cgroup2 cgroup2 ${place}`,
      },
      { text: 'For good, start the kernel with systemd.unified_cgroup_hierarchy=1.' },
    ],
    diffs: [],
    undo: `Unmount it again, with: sudo umount ${place}`,
    lifts: lifted(features, [
      'prog.cgroup_connect',
      'prog.cgroup_sendmsg',
      'prog.cgroup_skb',
      'cgroup.freezer',
    ]),
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // no sysfs
  }
}
