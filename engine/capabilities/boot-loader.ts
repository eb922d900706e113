/**
 * BPF LSM loads only where `bpf` is in the kernel's list of security modules, which is set at boot. This is the exact
 * line for this machine's boot loader, as a second entry: the present one stays the default, and so a way back.
 */
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { grubbyRepair, grubRepair, hasGrub, hasGrubby } from './boot-loader-grub.ts';
import {
  afterReboot,
  BPF_LSM,
  firstThere,
  isThere,
  look,
  lookAtBytes,
  systemName,
  type LsmRepair,
  type Machine,
  type Wanted,
} from './boot-loader-files.ts';
import { hasPi, piRepair } from './boot-loader-pi.ts';
import { hasSystemdBoot, systemdBootRepair } from './boot-loader-systemd.ts';
import { hasUki, ukiRepair } from './boot-loader-uki.ts';
import { lsmOf } from './boot-loader-words.ts';

/** As the kernel names its own modules; anything else in a list is not from it. */
const MODULE = /^[a-z0-9][a-z0-9_-]{0,31}$/;
/** It goes into paths and commands. */
const PLAIN_RELEASE = /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$/;

/**
 * @param active what securityfs says; null where it cannot be read
 * @returns undefined where a boot line is not what is missing
 */
export function lsmRepair(
  active: readonly string[] | null,
  system: Machine = ownMachine(),
): LsmRepair | undefined {
  const given = lsmOf(system.cmdline);
  if (active?.includes('bpf') || given?.includes('bpf') || builtWithout(system)) return undefined;
  const present = active ?? given;
  if (present === null || !present.every((name) => MODULE.test(name) || name === ''))
    return listUnknown(system);
  // The kernel puts it first by itself.
  const kept = [...new Set(present)].filter((name) => name !== '' && name !== 'capability');
  return repairOf({ ...system, line: `lsm=${[...kept, 'bpf'].join(',')}` });
}

function ownMachine(): Machine {
  return { root: '/', cmdline: readFileSync('/proc/cmdline', 'utf8').trim(), kernel: release() };
}

function repairOf(wanted: Wanted): LsmRepair {
  if (isContainer(wanted) || !PLAIN_RELEASE.test(wanted.kernel)) return elsewhere(wanted);
  if (hasPi(wanted)) return piRepair(wanted);
  if (hasUki(wanted)) return ukiRepair(wanted);
  if (hasSystemdBoot(wanted)) return systemdBootRepair(wanted);
  if (hasGrubby(wanted)) return grubbyRepair(wanted, systemName(wanted));
  if (hasGrub(wanted)) return grubRepair(wanted);
  return elsewhere(wanted);
}

/** Its kernel is its host's, whatever lies under its own /boot. */
const isContainer = (machine: Machine) =>
  firstThere(machine, ['/.dockerenv', '/run/.containerenv', '/run/systemd/container']) !== undefined;

function elsewhere({ line }: Wanted): LsmRepair {
  return {
    ...BPF_LSM,
    steps: [
      {
        text: `Have the kernel started with ${line}, in place of any other lsm= on its command line. No boot loader that Merlon knows was found here: for a container its host’s boot settings decide, for a machine whose kernel is started directly its provider’s, or those of the virtual machine.`,
      },
      ...afterReboot,
    ],
    diffs: [],
    undo: 'Take the word out again, and reboot.',
  };
}

function listUnknown(machine: Machine): LsmRepair {
  const file = '/sys/kernel/security/lsm';
  const mount = {
    text: 'Mount the file system that says which security modules are active.',
    command: 'sudo mount -t securityfs securityfs /sys/kernel/security',
  };
  return {
    ...BPF_LSM,
    steps: [
      ...(isThere(machine, file) ? [] : [mount]),
      {
        text: 'See which security modules are active: the new line has to keep them.',
        command: `sudo cat ${file}`,
      },
      {
        text: 'The kernel needs lsm= with that list without capability, and with ,bpf at its end. Once the list can be read, this says where exactly.',
        command: 'sudo merlon capabilities --probe',
      },
    ],
    diffs: [],
    undo: 'Nothing was changed.',
  };
}

/** Whether this kernel says that it has no BPF LSM: then no line at boot brings it. */
function builtWithout(machine: Machine): boolean {
  const config = configOf(machine);
  return config !== undefined && /^CONFIG_[A-Z]/m.test(config) && !/^CONFIG_BPF_LSM=y$/m.test(config);
}

function configOf(machine: Machine): string | undefined {
  const { kernel } = machine;
  if (!PLAIN_RELEASE.test(kernel)) return undefined;
  for (const path of [`/boot/config-${kernel}`, `/lib/modules/${kernel}/config`]) {
    const { text } = look(machine, path);
    if (text !== null) return text;
  }
  const packed = lookAtBytes(machine, '/proc/config.gz');
  if (!(packed instanceof Uint8Array)) return undefined;
  try {
    return gunzipSync(packed, { maxOutputLength: 4 << 20 }).toString();
  } catch {
    return undefined; // Not what it is called: it says nothing.
  }
}
