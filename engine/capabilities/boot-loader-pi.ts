/** A Raspberry Pi has no menu, but can start once by another configuration: tryboot.txt in place of config.txt. */
import {
  afterReboot,
  BPF_LSM,
  canBeShown,
  firstThere,
  isThere,
  linesOf,
  look,
  wholeFile,
  type LsmRepair,
  type Machine,
  type Wanted,
} from './boot-loader-files.ts';
import { withLsm } from './boot-loader-words.ts';

const FOLDERS = ['/boot/firmware', '/boot'] as const;

const folderOf = (machine: Machine) =>
  FOLDERS.find(
    (folder) => isThere(machine, `${folder}/config.txt`) && isThere(machine, `${folder}/cmdline.txt`),
  ) ??
  // Ubuntu keeps the files of each system in a folder of its own (os_prefix).
  FOLDERS.find(
    (folder) => isThere(machine, `${folder}/config.txt`) && isThere(machine, `${folder}/current/cmdline.txt`),
  );

export const hasPi = (machine: Machine): boolean => folderOf(machine) !== undefined;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const PREFIX = /^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,63}\/?)?$/;
const OWN = 'cmdline-merlon.txt';

export function piRepair(wanted: Wanted): LsmRepair {
  const folder = folderOf(wanted) ?? '/boot/firmware';
  const { text } = look(wanted, `${folder}/config.txt`);
  const config = text === null ? [] : linesOf(text);
  const name = settingOf(config, 'cmdline') ?? 'cmdline.txt';
  const prefix = settingOf(config, 'os_prefix') ?? '';
  const file = `${folder}/${prefix}${name}`;
  const present = NAME.test(name) && PREFIX.test(prefix) ? look(wanted, file).text : null;
  // Only its first line counts.
  const line = present === null ? undefined : withLsm(linesOf(present)[0] ?? '', wanted.line);
  const tryboot = `${folder}/tryboot.txt`;
  const taken =
    firstThere(wanted, [tryboot]) !== undefined && !(look(wanted, tryboot).text ?? '').includes(OWN);
  if (line === undefined || text === null || taken || !canBeShown([line, ...config]))
    return byHand(wanted, folder, taken);
  const own = `${folder}/${prefix}${OWN}`;
  const write = (path: string, what: string) => ({
    text: `Write ${path} as it is shown below: ${what}.`,
    command: `sudoedit ${path}`,
  });
  return {
    ...BPF_LSM,
    steps: [
      write(own, `the line of ${file}, with the longer list`),
      write(tryboot, 'config.txt, with the other command line'),
      { text: 'Reboot once by it. Any later boot is as it is now.', command: "sudo reboot '0 tryboot'" },
      ...afterReboot,
      {
        text: 'Once it has proven itself, put the new line in place of the old one; a copy of the old one stays.',
        command: `sudo cp ${file} ${folder}/${prefix}cmdline-before-merlon.txt && sudo cp ${own} ${file}`,
      },
    ],
    diffs: [
      ...wholeFile(wanted, own, [line]),
      ...wholeFile(wanted, tryboot, [...config, '', '[all]', `cmdline=${OWN}`]),
    ],
    undo: `Delete ${own} and ${tryboot}: nothing else was changed.`,
  };
}

/** The last one counts; in which section it is, is left out of account. */
const settingOf = (config: readonly string[], key: string): string | undefined =>
  config
    .findLast((line) => line.startsWith(`${key}=`))
    ?.slice(key.length + 1)
    .trim();

function byHand({ line }: Wanted, folder: string, taken: boolean): LsmRepair {
  const why = taken
    ? `${folder}/tryboot.txt is in use by something else, so there is no second way to start this machine.`
    : `The settings in ${folder} cannot be read, or are not what Merlon understands.`;
  return {
    ...BPF_LSM,
    steps: [
      {
        text: `${why} Keep a copy of the command line’s file that another computer can put back onto the card.`,
      },
      {
        text: `Then put ${line} at the end of its one line, in place of any other lsm=, and reboot.`,
        command: `ls ${folder}`,
      },
      ...afterReboot,
    ],
    diffs: [],
    undo: 'Put the copy back, and reboot.',
  };
}
