/** A second entry for systemd-boot: a file that copies the present one and sorts after it. */
import {
  afterReboot,
  BPF_LSM,
  beforeReboot,
  canBeShown,
  changedLine,
  isThere,
  linesOf,
  loaderVariable,
  look,
  namesIn,
  wholeFile,
  type LsmRepair,
  type Machine,
  type Wanted,
} from './boot-loader-files.ts';
import { ENTRY_SUFFIX } from './boot-loader-grub.ts';
import { kernelWords, withLine } from './boot-loader-words.ts';

/** Where the boot partitions are mounted. */
export const BOOT_FOLDERS = ['/boot', '/efi', '/boot/efi'] as const;
/** After the ids of all systems: entries are shown in the order of their sort-key, and the first is the default. */
export const LAST_SORT_KEY = 'zz-merlon';

interface Entry {
  readonly folder: string;
  readonly name: string;
  readonly lines: readonly string[];
}

export function hasSystemdBoot(machine: Machine): boolean {
  const loader = loaderVariable(machine, 'LoaderInfo');
  if (loader !== undefined) return loader.startsWith('systemd-boot');
  // Fedora's GRUB has such entries too, but says on the command line which image it started.
  const byGrub = (kernelWords(machine.cmdline) ?? []).some((word) => word.startsWith('BOOT_IMAGE='));
  return !byGrub && BOOT_FOLDERS.some((folder) => isThere(machine, `${folder}/loader/entries`));
}

export function systemdBootRepair(wanted: Wanted): LsmRepair {
  const present = presentEntry(wanted);
  const lines = present === undefined ? undefined : copyOf(present, wanted.line);
  if (present === undefined || lines === undefined) return unread(wanted);
  const name = `merlon-${wanted.kernel}.conf`;
  const file = `${present.folder}/loader/entries/${name}`;
  const { diffs, steps } = keepDefault(wanted, present, name);
  return {
    ...BPF_LSM,
    steps: [
      ...steps,
      {
        text: `Write ${file} as it is shown below: a copy of ${present.name}, the present entry of systemd-boot.`,
        command: `sudoedit ${file}`,
      },
      ...beforeReboot(wanted),
      { text: 'Have it started once, at the next boot alone.', command: `sudo bootctl set-oneshot ${name}` },
      { text: 'Reboot.', command: 'sudo reboot' },
      ...afterReboot,
      ...forKernelsToCome(wanted),
    ],
    diffs: [...wholeFile(wanted, file, lines), ...diffs],
    undo: `Delete ${file}${diffs.length === 0 ? '' : `, and take the default out of ${diffs[0]?.file ?? ''} again`}: nothing else was changed.`,
  };
}

/** Only where the file is there: where it is not, kernel-install takes what runs, and one with a single word would not boot. */
export const forKernelsToCome = (wanted: Wanted): LsmRepair['steps'] =>
  isThere(wanted, '/etc/kernel/cmdline')
    ? [
        {
          text: `Once it has proven itself, kernels to come can have it: put ${wanted.line} at the end of the line in /etc/kernel/cmdline, in place of any other lsm=.`,
        },
      ]
    : [];

/** Boot partitions are often for root alone. */
function unread(wanted: Wanted): LsmRepair {
  return {
    ...BPF_LSM,
    steps: [
      {
        text: 'The present entry of systemd-boot cannot be read, or none fits the kernel that runs. Run merlon capabilities as root: where it can read it, it writes a second entry out.',
      },
      {
        text: `Or see which entries there are, copy the present one under another name, and put ${wanted.line} at the end of its options, in place of any other lsm=.`,
        command: 'sudo bootctl list',
      },
      ...afterReboot,
    ],
    diffs: [],
    undo: 'Delete the entry again.',
  };
}

const idOf = (name: string) => name.toLowerCase().replace(/\+\d+(?:-\d+)?\.conf$/, '.conf');

function presentEntry(machine: Machine): Entry | undefined {
  const entries = BOOT_FOLDERS.flatMap((folder) =>
    namesIn(machine, `${folder}/loader/entries`, '.conf').flatMap((name): Entry[] => {
      const { text } = look(machine, `${folder}/loader/entries/${name}`);
      return text === null || name.startsWith('merlon-') ? [] : [{ folder, name, lines: linesOf(text) }];
    }),
  ).filter(({ name, lines }) => canBeShown([name, ...lines]) && valueOf(lines, 'linux') !== undefined);
  const selected = loaderVariable(machine, 'LoaderEntrySelected')?.toLowerCase();
  const words = kernelWords(machine.cmdline)
    ?.filter((word) => !word.startsWith('initrd='))
    .join(' ');
  const ofKernel = ({ lines }: Entry) =>
    valueOf(lines, 'version') === machine.kernel || (valueOf(lines, 'linux') ?? '').includes(machine.kernel);
  return (
    entries.find(({ name }) => idOf(name) === selected) ??
    entries.find(({ lines }) => kernelWords(optionsOf(lines).join(' '))?.join(' ') === words) ??
    entries.find(ofKernel)
  );
}

const LINE = /^\s*([a-z-]+)[ \t]+(.*?)\s*$/;

const valueOf = (lines: readonly string[], key: string): string | undefined =>
  lines.map((line) => LINE.exec(line)).findLast((found) => found?.[1] === key)?.[2];

/** They may be on several lines. */
const optionsOf = (lines: readonly string[]): readonly string[] =>
  lines.flatMap((line) => {
    const [, key, value = ''] = LINE.exec(line) ?? [];
    return key === 'options' ? [value] : [];
  });

/** @returns undefined where its options are not to be understood */
function copyOf({ lines }: Entry, line: string): readonly string[] | undefined {
  const options = kernelWords(optionsOf(lines).join(' '));
  if (options === undefined) return undefined;
  const title = valueOf(lines, 'title') ?? 'Linux';
  const sorted = valueOf(lines, 'sort-key') !== undefined;
  const rest = lines.filter((each) => {
    const key = LINE.exec(each)?.[1];
    return key !== undefined && !['title', 'sort-key', 'options'].includes(key);
  });
  return [
    `title ${title}${ENTRY_SUFFIX}`,
    ...(sorted ? [`sort-key ${LAST_SORT_KEY}`] : []),
    ...rest.map((each) => each.replace(LINE, '$1 $2')),
    `options ${withLine(options, line).join(' ')}`,
  ];
}

/** Entries without a sort-key are shown by name, the highest first: by that the new one would become the default. */
function keepDefault(machine: Machine, present: Entry, name: string): Pick<LsmRepair, 'diffs' | 'steps'> {
  const folder =
    BOOT_FOLDERS.find((each) => isThere(machine, `${each}/loader/loader.conf`)) ?? present.folder;
  const file = `${folder}/loader/loader.conf`;
  const { text } = look(machine, file);
  const lines = text === null || !canBeShown(linesOf(text)) ? [] : linesOf(text);
  const set = loaderVariable(machine, 'LoaderEntryDefault') || valueOf(lines, 'default');
  if (set === '@saved')
    return {
      diffs: [],
      steps: [
        {
          text: 'This machine starts again what it started last. After the trial, choose the present entry in the menu to have it back as the default.',
        },
      ],
    };
  const sorted = valueOf(present.lines, 'sort-key') !== undefined;
  if (sorted || (set !== undefined && !matches(set, name))) return { diffs: [], steps: [] };
  const id = idOf(present.name);
  const pattern = id.replace(machine.kernel.toLowerCase(), '*');
  const kept = `default ${matches(pattern, name) ? id : pattern}`;
  const at = lines.findIndex((line) => LINE.exec(line)?.[1] === 'default');
  return {
    diffs: [changedLine(file, lines, at === -1 ? lines.length : at, kept)],
    steps: [
      {
        text: `Keep the present entries the default, which by their names they would not stay: change ${file} as it is shown below.`,
        command: `sudoedit ${file}`,
      },
    ],
  };
}

/** As systemd-boot matches its patterns, as far as they are used: * and ?. No pattern makes it slow. */
function matches(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase();
  const given = name.toLowerCase();
  let [at, star, resume] = [0, -1, 0];
  for (let i = 0; i < given.length;) {
    if (wanted[at] === '*') [star, resume, at] = [at, i, at + 1];
    else if (wanted[at] === given[i] || wanted[at] === '?') [at, i] = [at + 1, i + 1];
    else if (star !== -1) [at, resume, i] = [star + 1, resume + 1, resume + 1];
    else return false;
  }
  return /^\**$/.test(wanted.slice(at));
}
