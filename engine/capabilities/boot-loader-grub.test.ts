import { describe, expect, it } from 'vitest';
import { ACTIVE, DEFAULTS, grubConfig, KERNEL, LINE, machine, type Files } from './boot-loader.double.ts';
import { lsmRepair } from './boot-loader.ts';

const BY_GRUB = `BOOT_IMAGE=/boot/vmlinuz-${KERNEL} root=UUID=1f2e ro quiet`;
const DEBIAN: Files = {
  '/etc/default/grub': DEFAULTS,
  '/boot/grub/grub.cfg': grubConfig(),
  '/usr/sbin/update-grub': '',
};
const repair = (files: Files, cmdline = BY_GRUB, active: readonly string[] | null = ACTIVE) =>
  lsmRepair(active, machine(files, cmdline));
const commands = (found: ReturnType<typeof repair>) => found?.steps.flatMap(({ command }) => command ?? []);
const texts = (found: ReturnType<typeof repair>) => found?.steps.map(({ text }) => text).join('\n');

describe('GRUB with a menu that can be read', () => {
  it('gets a second entry: a copy of the one that started this kernel, with the longer list', () => {
    const found = repair(DEBIAN);
    expect(found?.diffs).toEqual([
      {
        file: '/etc/grub.d/42_merlon',
        lines: [
          '+#!/bin/sh',
          '+exec tail -n +3 "$0"',
          '+# From merlon capabilities.',
          "+menuentry 'Debian GNU/Linux (with BPF LSM)' --class debian --class gnu-linux $menuentry_id_option 'merlon-bpf-lsm' {",
          '+    load_video',
          '+    insmod ext2',
          '+    if [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi',
          '+    search --no-floppy --fs-uuid --set=root 1f2e',
          `+    echo 'Loading Linux ${KERNEL} ...'`,
          `+    linux /boot/vmlinuz-${KERNEL} root=UUID=1f2e ro quiet ${LINE}`,
          `+    initrd /boot/initrd.img-${KERNEL}`,
          '+}',
        ],
      },
    ]);
    expect(commands(found)).toEqual([
      'sudoedit /etc/grub.d/42_merlon',
      'sudo chmod 755 /etc/grub.d/42_merlon',
      'sudo update-grub',
      'sudo reboot',
      'merlon capabilities --probe',
    ]);
    expect(found?.undo).toContain('Delete /etc/grub.d/42_merlon and run sudo update-grub');
  });

  it.each([
    ['Debian', DEBIAN, 'sudo update-grub'],
    [
      'Arch',
      { '/etc/default/grub': DEFAULTS, '/boot/grub/grub.cfg': grubConfig(), '/usr/bin/grub-mkconfig': '' },
      'sudo grub-mkconfig -o /boot/grub/grub.cfg',
    ],
    [
      'openSUSE',
      { '/etc/default/grub': DEFAULTS, '/boot/grub2/grub.cfg': grubConfig(), '/usr/sbin/grub2-mkconfig': '' },
      'sudo grub2-mkconfig -o /boot/grub2/grub.cfg',
    ],
  ])('has its menu written as %s does it', (_, files, command) => {
    expect(commands(repair(files))).toContain(command);
  });

  it.each([
    ['no lsm= yet', 'ro quiet', `ro quiet ${LINE}`],
    ['an lsm=', 'ro lsm=yama,apparmor quiet', `ro quiet ${LINE}`],
    ['several', 'lsm=yama ro lsm=apparmor', `ro ${LINE}`],
    ['a quoted one', "ro 'lsm=yama' quiet", `ro quiet ${LINE}`],
    ['words for init', 'ro quiet -- lsm=mine', `ro quiet ${LINE} -- lsm=mine`],
    [
      'a variable and quotes',
      'ro "dyndbg=file a.c +p" $vt_handoff',
      `ro "dyndbg=file a.c +p" $vt_handoff ${LINE}`,
    ],
    ['a word that only ends so', 'ro xlsm=yama', `ro xlsm=yama ${LINE}`],
  ])('one lsm= is on the line where there was %s', (_, words, expected) => {
    const found = repair({ ...DEBIAN, '/boot/grub/grub.cfg': grubConfig(words) });
    const line = found?.diffs[0]?.lines.find((each) => each.startsWith('+    linux '));
    expect(line).toBe(`+    linux /boot/vmlinuz-${KERNEL} ${expected}`);
  });

  it('a title with a quote stays a title', () => {
    const files = { ...DEBIAN, '/boot/grub/grub.cfg': grubConfig('ro', `'Ann'\\''s "Linux"'`) };
    expect(repair(files)?.diffs[0]?.lines[3]).toContain(
      `menuentry 'Ann'\\''s "Linux" (with BPF LSM)' --class`,
    );
  });

  it('the entry of the kernel that runs is copied, though another is the default', () => {
    const found = lsmRepair(
      ACTIVE,
      machine(DEBIAN, 'BOOT_IMAGE=/boot/vmlinuz-6.1.0-1-amd64 ro', '6.1.0-1-amd64'),
    );
    expect(texts(found)).toContain('choose “Debian, with Linux 6.1.0-1-amd64 (with BPF LSM)”');
    expect(found?.diffs[0]?.lines.at(-1)).toBe('+}');
  });

  it('an entry that was made before is not made again, and a different one is shown as replaced', () => {
    const first = repair(DEBIAN);
    const script = first?.diffs[0]?.lines.map((line) => line.slice(1)).join('\n') ?? '';
    const again = repair({ ...DEBIAN, '/etc/grub.d/42_merlon': `${script}\n` });
    expect(again?.diffs).toEqual([]);
    expect(texts(again)).toContain('/etc/grub.d/42_merlon is there already');
    const other = repair({ ...DEBIAN, '/etc/grub.d/42_merlon': '#!/bin/sh\n' });
    expect(other?.diffs[0]?.lines[0]).toBe('-#!/bin/sh');
  });

  it('a kernel that something else started is said to be one', () => {
    expect(texts(repair(DEBIAN, 'root=/dev/vda console=ttyS0'))).toContain('its provider');
    expect(texts(repair(DEBIAN))).not.toContain('its provider');
  });
});

describe('GRUB with a menu that cannot be read', () => {
  const folder: Files = {
    '/etc/default/grub': DEFAULTS,
    '/boot/grub/grub.cfg': null,
    '/usr/sbin/update-grub': '',
  };

  it('leaves the recovery entries as they are, and says how to have a second entry', () => {
    const found = repair(folder);
    expect(found?.diffs).toEqual([
      {
        file: '/etc/default/grub',
        lines: [
          ' GRUB_DEFAULT=0',
          ' GRUB_TIMEOUT=5',
          '-GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"',
          `+GRUB_CMDLINE_LINUX_DEFAULT="quiet splash ${LINE}"`,
          ' GRUB_CMDLINE_LINUX=""',
        ],
      },
    ]);
    expect(texts(found)).toContain('Run merlon capabilities as root');
    expect(texts(found)).toContain('The recovery entries (Advanced options) keep the present line');
  });

  it.each([
    ['double quotes', '"quiet"', `"quiet ${LINE}"`],
    ['single quotes', "'quiet'", `'quiet ${LINE}'`],
    ['a bare word', 'quiet', `"quiet ${LINE}"`],
    ['nothing', '', `"${LINE}"`],
    ['an lsm= already', '"quiet lsm=yama,apparmor splash"', `"quiet splash ${LINE}"`],
    ['a comment after it', '"quiet" # mine', `"quiet ${LINE}" # mine`],
    ['a command', '"quiet $(cat /x)"', `"quiet $(cat /x) ${LINE}"`],
    ['escaped quotes', '"a=\\"b c\\" quiet"', `"a=\\"b c\\" quiet ${LINE}"`],
    ['words for init', '"quiet -- x"', `"quiet ${LINE} -- x"`],
  ])('quotes as the file does: %s', (_, value, expected) => {
    const found = repair({ ...folder, '/etc/default/grub': `GRUB_CMDLINE_LINUX_DEFAULT=${value}\n` });
    expect(found?.diffs[0]?.lines.at(-1)).toBe(`+GRUB_CMDLINE_LINUX_DEFAULT=${expected}`);
  });

  it('changes the assignment that counts: the last of the last file', () => {
    const cloud = 'GRUB_CMDLINE_LINUX_DEFAULT="console=ttyS0"\n';
    const found = repair({ ...folder, '/etc/default/grub.d/50-cloud.cfg': cloud });
    expect(found?.diffs[0]?.file).toBe('/etc/default/grub.d/50-cloud.cfg');
  });

  it.each<[string, Files]>([
    ['no entry would stay as it is', { '/etc/default/grub': `${DEFAULTS}GRUB_DISABLE_RECOVERY="true"\n` }],
    [
      'the list is in the line of all entries',
      { '/etc/default/grub': `${DEFAULTS}GRUB_CMDLINE_LINUX="lsm=yama"\n` },
    ],
    ['a quote is never closed', { '/etc/default/grub': 'GRUB_CMDLINE_LINUX_DEFAULT="quiet\n' }],
    ['quotes are nested', { '/etc/default/grub': 'GRUB_CMDLINE_LINUX_DEFAULT="a"$(b "c")"d"\n' }],
    ['the file is a folder', { '/etc/default/grub': null }],
    ['the file is huge', { '/etc/default/grub': `${DEFAULTS}${'#'.repeat(2 << 20)}` }],
    ['a line is very long', { '/etc/default/grub': `GRUB_CMDLINE_LINUX_DEFAULT="${' '.repeat(900_000)}x"` }],
    ['it is no text', { '/etc/default/grub': Buffer.from([0x47, 0xff, 0xfe, 0x0a]) }],
    ['it holds what is not seen', { '/etc/default/grub': 'GRUB_CMDLINE_LINUX_DEFAULT="a\u202eb"\n' }],
    ['a later file cannot be read', { '/etc/default/grub.d/x.cfg': null }],
  ])('changes no file where %s', (_, files) => {
    const found = repair({ ...folder, ...files });
    expect(found?.diffs).toEqual([]);
    expect(texts(found)).toContain('Run merlon capabilities as root');
    expect(texts(found)).toContain(LINE);
  });
});

describe('a hostile menu is not copied', () => {
  it.each<[string, string | Uint8Array | null]>([
    ['huge', grubConfig() + '#'.repeat(2 << 20)],
    ['an unterminated title', grubConfig('ro', "'Debian")],
    ['an unterminated quote on the line', grubConfig('ro "quiet')],
    ['an entry without end', grubConfig().replaceAll(/\n\t?\}/g, '\n')],
    ['an escape sequence in its title', grubConfig('ro', "'\u001b]0;x\u0007'")],
    ['a bidirectional override', grubConfig('ro init=/\u202ehs')],
    ['a thousand lines', grubConfig().replaceAll('\tload_video\n', '\tload_video\n'.repeat(1000))],
    ['only heads', "menuentry 'a' {\n".repeat(60_000)],
    ['no text', Buffer.from([0xff, 0xfe])],
    ['empty', ''],
  ])('%s', (_, config) => {
    const found = repair({ ...DEBIAN, '/boot/grub/grub.cfg': config });
    expect(found?.diffs.map(({ file }) => file)).not.toContain('/etc/grub.d/42_merlon');
    expect(texts(found)).toContain('Run merlon capabilities as root');
  });
});

describe('grubby', () => {
  const FEDORA: Files = {
    '/usr/sbin/grubby': '',
    '/boot/loader/entries': null,
    '/boot/grub2/grub.cfg': 'blscfg\n',
    '/etc/default/grub': 'GRUB_ENABLE_BLSCFG=true\n',
    '/etc/os-release': 'NAME="Fedora Linux"\nID=fedora\n',
  };
  const title = `'Fedora Linux ${KERNEL} (with BPF LSM)'`;
  const add = `sudo grubby --copy-default --add-kernel=/boot/vmlinuz-${KERNEL} --initrd=/boot/initramfs-${KERNEL}.img --title=${title}`;

  it('adds a copy of the default, and takes that one alone away again', () => {
    const found = repair(FEDORA);
    expect(commands(found)?.[0]).toBe(`${add} --args=${LINE}`);
    expect(found?.undo).toContain(`grubby --remove-kernel='TITLE=Fedora Linux ${KERNEL} (with BPF LSM)'`);
  });

  it('replaces a list that the copy has', () => {
    const found = repair(FEDORA, `${BY_GRUB} lsm=yama`);
    expect(commands(found)?.slice(0, 2)).toEqual([
      add,
      `sudo grubby --update-kernel='TITLE=Fedora Linux ${KERNEL} (with BPF LSM)' --remove-args=lsm --args=${LINE}`,
    ]);
  });

  it.each(['NAME="$(reboot)"', "NAME='a\nb'", 'NAME="', 'NAME=`id`'])(
    'no shell sees a hostile name: %s',
    (name) => {
      expect(commands(repair({ ...FEDORA, '/etc/os-release': name }))?.[0]).toContain(
        `--title='Linux ${KERNEL} (`,
      );
    },
  );
});
