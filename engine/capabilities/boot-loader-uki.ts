/** A unified kernel image holds its command line: a second image beside the present one holds the new line. */
import {
  afterReboot,
  BPF_LSM,
  beforeReboot,
  canBeShown,
  firstThere,
  hasProgram,
  isThere,
  linesOf,
  loaderVariable,
  look,
  lookAtBytes,
  wholeFile,
  type LsmRepair,
  type Machine,
  type Wanted,
} from './boot-loader-files.ts';
import { ENTRY_SUFFIX } from './boot-loader-grub.ts';
import { BOOT_FOLDERS, forKernelsToCome, LAST_SORT_KEY } from './boot-loader-systemd.ts';
import { kernelWords, withLsm } from './boot-loader-words.ts';

const CMDLINE = '/etc/kernel/cmdline';
const OWN_CMDLINE = '/etc/kernel/cmdline-merlon';
const OWN_RELEASE = '/etc/kernel/os-release-merlon';

export function hasUki(machine: Machine): boolean {
  if (loaderVariable(machine, 'LoaderInfo')?.startsWith('GRUB')) return false;
  if (loaderVariable(machine, 'StubInfo') !== undefined) return true;
  const install = ['/etc/kernel/install.conf', '/usr/lib/kernel/install.conf'].map(
    (path) => look(machine, path).text,
  );
  return isThere(machine, CMDLINE) && install.some((text) => /^\s*layout\s*=\s*uki\s*$/m.test(text ?? ''));
}

export function ukiRepair(wanted: Wanted): LsmRepair {
  const { kernel } = wanted;
  const line = withLsm(presentLine(wanted), wanted.line);
  const release = releaseOf(wanted);
  const linux = firstThere(wanted, [
    `/usr/lib/modules/${kernel}/vmlinuz`,
    `/lib/modules/${kernel}/vmlinuz`,
    `/boot/vmlinuz-${kernel}`,
  ]);
  const initrd = firstThere(wanted, [
    `/boot/initrd.img-${kernel}`,
    `/boot/initramfs-${kernel}.img`,
    `/usr/lib/modules/${kernel}/initrd`,
    '/boot/initramfs-linux.img',
  ]);
  if (
    line === undefined ||
    release === undefined ||
    linux === undefined ||
    initrd === undefined ||
    !canBeShown([line])
  )
    return byHand(wanted);
  const folder = BOOT_FOLDERS.find((each) => isThere(wanted, `${each}/EFI/Linux`)) ?? '/efi';
  const image = `${folder}/EFI/Linux/merlon-${kernel}.efi`;
  // Under /usr/lib/systemd until systemd 255.
  const ukify =
    !hasProgram(wanted, 'ukify') && isThere(wanted, '/usr/lib/systemd/ukify')
      ? '/usr/lib/systemd/ukify'
      : 'ukify';
  const signed = isSecureBoot(wanted);
  const keys = signed ? ' --secureboot-private-key=KEY --secureboot-certificate=CERTIFICATE' : '';
  return {
    ...BPF_LSM,
    steps: [
      {
        text: `Write ${OWN_CMDLINE} as it is shown below: the present command line with the longer list.`,
        command: `sudoedit ${OWN_CMDLINE}`,
      },
      {
        text: `Write ${OWN_RELEASE} as it is shown below: it names the image in the menu, and sorts it after the present one, which so stays the default.`,
        command: `sudoedit ${OWN_RELEASE}`,
      },
      {
        text: `Build the image${signed ? '; Secure Boot is on, so it has to be signed with the key that signs the present one (KEY, CERTIFICATE)' : ''}.`,
        command: `sudo ${ukify} build --linux=${linux} --initrd=${initrd} --cmdline=@${OWN_CMDLINE} --os-release=@${OWN_RELEASE} --uname=${kernel}${keys} --output=${image}`,
      },
      ...beforeReboot(wanted),
      ...startOnce(wanted, kernel),
      ...afterReboot,
      ...forKernelsToCome(wanted),
    ],
    diffs: [...wholeFile(wanted, OWN_CMDLINE, [line]), ...wholeFile(wanted, OWN_RELEASE, release)],
    undo: `Delete ${image}, ${OWN_CMDLINE} and ${OWN_RELEASE}: nothing else was changed.`,
  };
}

function startOnce(machine: Machine, kernel: string): LsmRepair['steps'] {
  const reboot = { text: 'Reboot.', command: 'sudo reboot' };
  if (loaderVariable(machine, 'LoaderInfo')?.startsWith('systemd-boot') ?? false)
    return [
      {
        text: 'Have it started once, at the next boot alone.',
        command: `sudo bootctl set-oneshot merlon-${kernel}.efi`,
      },
      reboot,
    ];
  return [
    {
      text: 'Reboot, and choose it in the menu. Where the firmware starts the images itself, add it to the firmware’s list before (efibootmgr --create), after the present one.',
      command: 'sudo reboot',
    },
  ];
}

/** As kernel-install does: the file, else what runs, without what a boot loader adds. */
function presentLine(machine: Machine): string {
  const { text } = look(machine, CMDLINE);
  if (text !== null) return linesOf(text).join(' ');
  const words = kernelWords(machine.cmdline) ?? [];
  return words.filter((word) => !/^(?:BOOT_IMAGE|initrd)=/.test(word)).join(' ');
}

/** systemd-boot takes title and place in the menu of an image from the os-release that is in it. */
function releaseOf(machine: Machine): readonly string[] | undefined {
  const { text } = look(machine, '/etc/os-release');
  if (text === null) return undefined;
  const lines = linesOf(text).filter(
    (line) => /^[A-Z_]+=/.test(line) && !/^(?:ID|IMAGE_ID|IMAGE_VERSION)=/.test(line),
  );
  const own = lines.map((line) =>
    line.replace(/^(PRETTY_NAME)=(["']?)([^"'\\$`]*)\2$/, `$1="$3${ENTRY_SUFFIX}"`),
  );
  return canBeShown(own) ? [...own, `ID=${LAST_SORT_KEY}`] : undefined;
}

function isSecureBoot(machine: Machine): boolean {
  const bytes = lookAtBytes(
    machine,
    '/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c',
  );
  return bytes instanceof Uint8Array && bytes[4] === 1;
}

function byHand(wanted: Wanted): LsmRepair {
  return {
    ...BPF_LSM,
    steps: [
      {
        text: `This machine starts a unified kernel image, which holds its command line, and not everything to build another is where Merlon looks (kernel, initrd, ${CMDLINE}, /etc/os-release). Build a second one with the tool that builds the present one, with ${wanted.line} on its command line in place of any other lsm=, beside it and not in its place.`,
      },
      ...afterReboot,
    ],
    diffs: [],
    undo: 'Delete the second image.',
  };
}
