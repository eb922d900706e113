/** A second entry in GRUB's menu: a copy of the one that started this kernel, as a file of its own under /etc/grub.d. */
import {
  afterReboot,
  BPF_LSM,
  beforeReboot,
  canBeShown,
  changedLine,
  firstThere,
  hasProgram,
  isThere,
  linesOf,
  look,
  namesIn,
  wholeFile,
  type LsmRepair,
  type Machine,
  type Wanted,
} from './boot-loader-files.ts';
import {
  assignmentWith,
  grubWords,
  kernelWords,
  lsmOf,
  singleQuoted,
  withLine,
} from './boot-loader-words.ts';

const SCRIPT = '/etc/grub.d/42_merlon';
const DEFAULTS = '/etc/default/grub';
export const ENTRY_SUFFIX = ' (with BPF LSM)';

export const hasGrub = (machine: Machine): boolean =>
  folderOf(machine) !== undefined && (isThere(machine, DEFAULTS) || isThere(machine, '/etc/grub.d'));

const folderOf = (machine: Machine) => firstThere(machine, ['/boot/grub', '/boot/grub2']);

export function grubRepair(wanted: Wanted): LsmRepair {
  const config = `${folderOf(wanted) ?? '/boot/grub'}/grub.cfg`;
  const { text } = look(wanted, config);
  const entry = text === null ? undefined : entryOf(wanted, menuOf(text));
  const copy = entry === undefined ? undefined : copyOf(entry, wanted.line);
  return copy === undefined ? withoutCopy(wanted, config) : withCopy(wanted, copy);
}

function withCopy(wanted: Wanted, { title, lines }: Copy): LsmRepair {
  // Such a script is its own output from the third line on, as /etc/grub.d/40_custom is.
  const script = ['#!/bin/sh', 'exec tail -n +3 "$0"', '# From merlon capabilities.', ...lines];
  const diffs = wholeFile(wanted, SCRIPT, script);
  const write = [
    {
      text: `Write ${SCRIPT} as it is shown below: a copy of the present entry.`,
      command: `sudoedit ${SCRIPT}`,
    },
    { text: 'Let it be run.', command: `sudo chmod 755 ${SCRIPT}` },
  ];
  return {
    ...BPF_LSM,
    steps: [
      ...otherwiseStarted(wanted),
      ...(diffs.length === 0 ? [{ text: `${SCRIPT} is there already, as it has to be.` }] : write),
      { text: 'Have the menu written; the present entry stays the default.', command: mkconfig(wanted) },
      ...beforeReboot(wanted),
      {
        text: `Reboot, and choose “${title}”. Where no menu shows, hold Shift or press Esc while GRUB starts.`,
        command: 'sudo reboot',
      },
      ...afterReboot,
      {
        text: `The copy names one kernel. To have it for every kernel, once it has proven itself: put ${wanted.line} into GRUB_CMDLINE_LINUX_DEFAULT in ${DEFAULTS}.`,
      },
    ],
    diffs,
    undo: `Delete ${SCRIPT} and run ${mkconfig(wanted)}: nothing else was changed.`,
  };
}

/** GRUB names its kernel on the command line. Without that name this one was started by something else. */
const otherwiseStarted = ({ cmdline }: Machine) =>
  (kernelWords(cmdline) ?? []).some((word) => word.startsWith('BOOT_IMAGE='))
    ? []
    : [
        {
          text: 'GRUB is installed, but this kernel’s command line does not look as if GRUB had started it. If the host of this machine, or its provider, starts the kernel itself, the line has to be set there.',
        },
      ];

function mkconfig(machine: Machine): string {
  if (hasProgram(machine, 'update-grub')) return 'sudo update-grub';
  const folder = folderOf(machine) ?? '/boot/grub';
  const program =
    hasProgram(machine, 'grub2-mkconfig') || folder === '/boot/grub2' ? 'grub2-mkconfig' : 'grub-mkconfig';
  return `sudo ${program} -o ${folder}/grub.cfg`;
}

/* Where the menu cannot be read */

/**
 * The line goes into the defaults, which every normal entry has, as long as GRUB makes recovery entries: they have
 * another line, and so stay as they are.
 */
function withoutCopy(wanted: Wanted, config: string): LsmRepair {
  const place = defaultsOf(wanted);
  const change =
    place === undefined ? undefined : assignmentWith(place.lines[place.index] ?? '', wanted.line);
  const asRoot = `No entry could be copied: ${config} cannot be read, or has none for this kernel. Run merlon capabilities as root: where it can read it, it writes a second entry out.`;
  if (
    place === undefined ||
    change === undefined ||
    !canBeShown([...place.lines.slice(place.index - 2, place.index + 3), change])
  )
    return {
      ...BPF_LSM,
      steps: [
        ...otherwiseStarted(wanted),
        { text: asRoot },
        {
          text: `Or try the line once: reboot, press E on the entry, put ${wanted.line} at the end of the line that begins with linux, and press F10.`,
        },
        ...afterReboot,
      ],
      diffs: [],
      undo: 'What is typed into the menu is forgotten at the next boot.',
    };
  return {
    ...BPF_LSM,
    steps: [
      ...otherwiseStarted(wanted),
      { text: `${asRoot} Otherwise:` },
      {
        text: `Change ${place.file} as it is shown below. The recovery entries (Advanced options) keep the present line: choose one of them should the machine not start.`,
        command: `sudoedit ${place.file}`,
      },
      { text: 'Have the menu written.', command: mkconfig(wanted) },
      ...beforeReboot(wanted),
      { text: 'Reboot.', command: 'sudo reboot' },
      ...afterReboot,
    ],
    diffs: [changedLine(place.file, place.lines, place.index, change)],
    undo: `Put the old line back into ${place.file} and run ${mkconfig(wanted)}.`,
  };
}

interface Place {
  readonly file: string;
  readonly lines: readonly string[];
  readonly index: number;
}

/** The assignment that counts: the last one, and files under grub.d (Debian's) are read after the main one. */
function defaultsOf(machine: Machine): Place | undefined {
  const more = namesIn(machine, `${DEFAULTS}.d`, '.cfg').map((name) => `${DEFAULTS}.d/${name}`);
  let place: Place | undefined;
  for (const file of [DEFAULTS, ...more]) {
    const { text } = look(machine, file);
    // One that cannot be read may be the one that counts.
    if (text === null) return undefined;
    const lines = linesOf(text);
    // Without recovery entries, or with a list in the line that those have too, no entry would stay as it is.
    if (lines.some((line) => /^\s*(?:export\s+)?GRUB_DISABLE_RECOVERY=["']?true/.test(line)))
      return undefined;
    const common = lines.filter((line) => /^\s*(?:export\s+)?GRUB_CMDLINE_LINUX\+?=/.test(line));
    if (common.some((line) => /\blsm=/.test(line))) return undefined;
    const index = lines.findLastIndex((line) =>
      /^\s*(?:export\s+)?GRUB_CMDLINE_LINUX_DEFAULT\+?=/.test(line),
    );
    if (index !== -1) place = { file, lines, index };
  }
  return place;
}

/* The menu, as grub-mkconfig writes it */

interface Entry {
  readonly head: string;
  readonly body: readonly string[];
  /** Its line that names the kernel. */
  readonly linux: number;
  readonly words: readonly string[];
}

const MOST_ENTRIES = 256;

function menuOf(text: string): readonly Entry[] {
  const lines = linesOf(text);
  const entries: Entry[] = [];
  let heads = 0;
  for (const [at, head] of lines.entries()) {
    const indent = /^(\s*)menuentry\s.*\{\s*$/.exec(head)?.[1];
    if (indent === undefined) continue;
    heads += 1;
    if (heads > MOST_ENTRIES) break;
    const end = lines.indexOf(`${indent}}`, at);
    if (end === -1) continue;
    const body = lines.slice(at + 1, end);
    // Without an end of its own it would take in what follows.
    if (body.some((line) => /^\s*(?:menuentry|submenu|function)\s/.test(line))) continue;
    const linux = body.findIndex((line) => /^\s*linux(?:efi|16)?\s/.test(line));
    const words = grubWords(body[linux] ?? '')?.map(({ plain }) => plain) ?? [];
    if (linux !== -1) entries.push({ head, body, linux, words });
  }
  return entries;
}

const RECOVERY = /^(?:single|recovery|rescue|systemd\.unit=(?:rescue|emergency)\.target|1|S)$/;

/** The one that started this kernel; else one of this kernel; else the first, which is the default. */
function entryOf({ cmdline, kernel }: Machine, entries: readonly Entry[]): Entry | undefined {
  const image = kernelWords(cmdline)
    ?.find((word) => word.startsWith('BOOT_IMAGE='))
    ?.slice('BOOT_IMAGE='.length);
  const path = image?.replace(/^\([^)]*\)/, '');
  const normal = entries.filter(({ words }) => !words.slice(2).some((word) => RECOVERY.test(word)));
  return (
    normal.find(({ words }) => words[1] === path) ??
    normal.find(({ words }) => words[1]?.endsWith(`-${kernel}`)) ??
    normal[0]
  );
}

interface Copy {
  readonly title: string;
  readonly lines: readonly string[];
}

/** @returns undefined where it is not what grub-mkconfig writes, or holds what would not be seen */
function copyOf({ head, body, linux }: Entry, line: string): Copy | undefined {
  const [, title, ...options] = grubWords(head.replace(/\{\s*$/, '')) ?? [];
  const kernelLine = grubWords(body[linux] ?? '');
  if (title === undefined || kernelLine === undefined) return undefined;
  const named = `${title.plain}${ENTRY_SUFFIX}`;
  const [command, image, ...words] = kernelLine.map(({ raw }) => raw);
  if (command === undefined || image === undefined) return undefined;
  const own = withLine(words, line, (raw) => grubWords(raw)?.[0]?.plain ?? raw);
  const indent = /^\s*/.exec(head)?.[0] ?? '';
  const inner = body.flatMap((each, at) => {
    // It would make this entry the default once it was chosen.
    if (each.trim() === 'savedefault') return [];
    if (at === linux) return [`    ${[command, image, ...own].join(' ')}`];
    return [each.startsWith(indent) ? each.slice(indent.length) : each];
  });
  const lines = [
    ['menuentry', singleQuoted(named), ...withOwnId(options.map(({ raw }) => raw)), '{'].join(' '),
    // Tabs do not survive every way from here into a file.
    ...inner.map((each) => each.replace(/^\t+/, (tabs) => '    '.repeat(tabs.length)).replaceAll('\t', ' ')),
    '}',
  ];
  return canBeShown(lines) ? { title: named, lines } : undefined;
}

/** Two entries of one id would be one to a default that names it. */
function withOwnId(options: readonly string[]): readonly string[] {
  const at = options.findIndex((word) => word === '$menuentry_id_option' || word === '--id');
  return options
    .map((word, i) => (at !== -1 && i === at + 1 ? "'merlon-bpf-lsm'" : word))
    .filter((word) => !word.startsWith('--id='));
}

/* Fedora and its relatives: entries are files that grubby looks after */

export const hasGrubby = (machine: Machine): boolean =>
  hasProgram(machine, 'grubby') && isThere(machine, '/boot/loader/entries');

export function grubbyRepair(wanted: Wanted, name: string): LsmRepair {
  const title = `${name} ${wanted.kernel}${ENTRY_SUFFIX}`;
  const add = `sudo grubby --copy-default --add-kernel=/boot/vmlinuz-${wanted.kernel} --initrd=/boot/initramfs-${wanted.kernel}.img --title=${singleQuoted(title)}`;
  // It puts --args after the words of the default as they are: an lsm= that is there would be there twice.
  const replaces = lsmOf(wanted.cmdline) !== null;
  const copy = 'Add an entry that is a copy of the default';
  return {
    ...BPF_LSM,
    steps: [
      ...(replaces
        ? [
            { text: `${copy}.`, command: add },
            {
              text: 'Put the longer list in place of the one that it has.',
              command: `sudo grubby --update-kernel=${singleQuoted(`TITLE=${title}`)} --remove-args=lsm --args=${wanted.line}`,
            },
          ]
        : [
            {
              text: `${copy}, with the new list. The present one stays the default.`,
              command: `${add} --args=${wanted.line}`,
            },
          ]),
      {
        text: 'Look at it: it is beside the present one, and the default is still the present one.',
        command: 'sudo grubby --info=ALL && sudo grubby --default-title',
      },
      ...beforeReboot(wanted),
      {
        text: `Reboot, and choose “${title}”. Where no menu shows, hold Shift or press Esc while GRUB starts.`,
        command: 'sudo reboot',
      },
      ...afterReboot,
      {
        text: 'Once it has proven itself, every kernel can have it, those to come too (/etc/kernel/cmdline).',
        command: `sudo grubby --update-kernel=ALL --remove-args=lsm --args=${wanted.line}`,
      },
    ],
    diffs: [],
    undo: `sudo grubby --remove-kernel=${singleQuoted(`TITLE=${title}`)} takes the entry away; nothing else was changed.`,
  };
}
