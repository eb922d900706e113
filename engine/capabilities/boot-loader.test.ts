import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  ACTIVE,
  DEFAULTS,
  efiVariable,
  grubConfig,
  KERNEL,
  LINE,
  machine,
  type Files,
} from './boot-loader.double.ts';
import { lsmRepair } from './boot-loader.ts';

type Found = ReturnType<typeof lsmRepair>;
const commands = (found: Found) => found?.steps.flatMap(({ command }) => command ?? []) ?? [];
const texts = (found: Found) => found?.steps.map(({ text }) => text).join('\n');
const repair = (files: Files, cmdline?: string, active: readonly string[] | null = ACTIVE) =>
  lsmRepair(active, machine(files, cmdline));

describe('the list', () => {
  it.each<[string, readonly string[] | null, string, string]>([
    [
      'is the active one, without capability, with bpf at its end',
      ['capability', 'yama'],
      'quiet',
      'lsm=yama,bpf',
    ],
    ['is the active one, whatever the command line says', ['yama'], 'lsm=apparmor', 'lsm=yama,bpf'],
    ['is bpf alone where nothing is active', ['capability'], 'quiet', 'lsm=bpf'],
    ['names nothing twice', ['yama', 'yama'], 'quiet', 'lsm=yama,bpf'],
    [
      'is of the command line where nothing else is known',
      null,
      'quiet lsm=yama,apparmor',
      'lsm=yama,apparmor,bpf',
    ],
    ['is of the last one there', null, 'lsm=yama lsm=apparmor', 'lsm=apparmor,bpf'],
    ['is read out of its quotes', null, '"lsm=yama,apparmor"', 'lsm=yama,apparmor,bpf'],
    ['is not what init gets', null, 'lsm=yama -- lsm=apparmor', 'lsm=yama,bpf'],
  ])('%s', (_, active, cmdline, line) => {
    expect(texts(repair({}, cmdline, active))).toContain(`${line},`);
  });

  it.each<[string, readonly string[] | null, string]>([
    ['bpf is active', ['capability', 'bpf'], 'quiet'],
    ['bpf is on the command line, and the kernel refuses it all the same', ACTIVE, 'quiet lsm=yama,bpf'],
    ['so, with nothing active known', null, 'lsm=bpf'],
  ])('is not what is missing where %s', (_, active, cmdline) => {
    expect(repair({}, cmdline, active)).toBeUndefined();
  });

  it.each<[string, Files]>([
    ['its configuration', { [`/boot/config-${KERNEL}`]: 'CONFIG_BPF=y\n# CONFIG_BPF_LSM is not set\n' }],
    ['the configuration in the kernel', { '/proc/config.gz': gzipSync('CONFIG_BPF=y\n') }],
  ])('is not what is missing where %s has no BPF LSM', (_, files) => {
    expect(repair(files)).toBeUndefined();
  });

  it.each<[string, Files]>([
    ['has it', { [`/boot/config-${KERNEL}`]: 'CONFIG_BPF_LSM=y\n' }],
    ['is not what it is called', { '/proc/config.gz': 'not gzip' }],
    ['is a bomb', { '/proc/config.gz': gzipSync(Buffer.alloc(64 << 20)) }],
    ['is a folder', { [`/boot/config-${KERNEL}`]: null }],
  ])('may be what is missing where the configuration %s', (_, files) => {
    expect(texts(repair(files))).toContain(LINE);
  });

  it.each<[string, readonly string[] | null, string]>([
    ['nothing says what is active', null, 'quiet'],
    ['a name is none of the kernel’s', ['yama', '$(reboot)'], 'quiet'],
    ['a name on the command line is none', null, 'lsm=yama,;id'],
    ['a quote is never closed', null, 'a="b lsm=yama'],
  ])('is not guessed where %s: the command that shows it is given', (_, active, cmdline) => {
    const found = repair({}, cmdline, active);
    expect(commands(found)).toContain('sudo cat /sys/kernel/security/lsm');
    expect(commands(found)).toContain('sudo mount -t securityfs securityfs /sys/kernel/security');
    expect(found?.diffs).toEqual([]);
    expect(JSON.stringify(found)).not.toMatch(/reboot\)|;id/);
  });
});

describe('systemd-boot', () => {
  const CMDLINE = 'root=UUID=1f2e rw quiet';
  const entry = (more = '', options = CMDLINE) =>
    `# made by kernel-install\ntitle      Arch Linux\nversion    ${KERNEL}\n${more}options    ${options}\nlinux      /abc/${KERNEL}/linux\ninitrd     /abc/${KERNEL}/initrd\n`;
  const BOOT: Files = {
    [`/boot/loader/entries/abc-${KERNEL}.conf`]: entry('sort-key   arch\n'),
    '/boot/loader/entries/abc-5.1.conf': entry('', 'other').replaceAll(KERNEL, '5.1'),
    '/boot/loader/loader.conf': 'timeout 3\n',
  };
  const file = (folder = '/boot') => `${folder}/loader/entries/merlon-${KERNEL}.conf`;

  it('gets an entry of its own, a copy that sorts last and is started once', () => {
    const found = repair(BOOT, CMDLINE);
    expect(found?.diffs).toEqual([
      {
        file: file(),
        lines: [
          '+title Arch Linux (with BPF LSM)',
          '+sort-key zz-merlon',
          `+version ${KERNEL}`,
          `+linux /abc/${KERNEL}/linux`,
          `+initrd /abc/${KERNEL}/initrd`,
          `+options ${CMDLINE} ${LINE}`,
        ],
      },
    ]);
    expect(commands(found)).toEqual([
      `sudoedit ${file()}`,
      `sudo bootctl set-oneshot merlon-${KERNEL}.conf`,
      'sudo reboot',
      'merlon capabilities --probe',
    ]);
  });

  it.each(['/efi', '/boot/efi'])('is found under %s', (folder) => {
    const found = repair({ [`${folder}/loader/entries/abc.conf`]: entry('sort-key arch\n') }, CMDLINE);
    expect(found?.diffs[0]?.file).toBe(file(folder));
  });

  it.each([
    ['adds a default by name where names decide', 'timeout 3\n', [' timeout 3', '+default abc-*.conf']],
    ['replaces a default that would take the new one', 'default *\n', ['-default *', '+default abc-*.conf']],
    ['leaves a default that does not', 'default abc-*\n', undefined],
    ['leaves what starts the last one again, and says so', 'default @saved\n', undefined],
  ])('%s', (_, conf, lines) => {
    const files = { [`/boot/loader/entries/abc-${KERNEL}.conf`]: entry(), '/boot/loader/loader.conf': conf };
    const found = repair(files, CMDLINE);
    expect(found?.diffs[1]?.lines).toEqual(lines);
    expect(texts(found)?.includes('starts again what it started last')).toBe(conf.includes('@saved'));
  });

  it('copies the entry that was started, by the loader’s own word', () => {
    const files = {
      ...BOOT,
      ...efiVariable('LoaderEntrySelected', 'abc-5.1.conf'),
      ...efiVariable('LoaderInfo', 'systemd-boot 257'),
    };
    expect(repair(files, CMDLINE)?.diffs[0]?.lines).toContain(`+options other ${LINE}`);
  });

  it.each([
    ['replaces a list', 'ro lsm=yama quiet', `+options ro quiet ${LINE}`],
    ['keeps what init gets', 'ro -- single', `+options ro ${LINE} -- single`],
    ['keeps quotes', 'ro dyndbg="file a.c +p"', `+options ro dyndbg="file a.c +p" ${LINE}`],
    ['joins several lines of options', 'ro\noptions quiet', `+options ro quiet ${LINE}`],
  ])('%s', (_, options, line) => {
    const found = repair({ '/boot/loader/entries/abc.conf': entry('', options) }, CMDLINE);
    expect(found?.diffs[0]?.lines).toContain(line);
  });

  it.each<[string, string | null]>([
    ['is a folder', null],
    ['is huge', entry() + '#'.repeat(2 << 20)],
    ['has a quote that is never closed', entry('', 'a="b')],
    ['holds what is not seen', entry('', 'a\u200bb')],
    ['has no kernel', 'title x\nefi /EFI/x.efi\n'],
    ['is one long line of spaces', `title${' '.repeat(900_000)}x\n`],
    ['is another kernel’s', entry().replaceAll(KERNEL, '5.1').replaceAll(CMDLINE, 'other')],
  ])('is not copied where its entry %s', (_, content) => {
    const found = repair({ '/boot/loader/entries/abc.conf': content }, CMDLINE);
    expect(found?.diffs).toEqual([]);
    expect(texts(found)).toContain('Run merlon capabilities as root');
  });

  it('no pattern of a default takes long', () => {
    const files = {
      '/boot/loader/entries/abc.conf': entry(),
      '/boot/loader/loader.conf': `default ${'*a'.repeat(2000)}\n`,
    };
    expect(repair(files, CMDLINE)?.diffs).toHaveLength(1);
  });

  it('a disk that the TPM unlocks is spoken of before the reboot', () => {
    const found = repair({ ...BOOT, '/etc/crypttab': 'root /dev/vda2 - tpm2-device=auto\n' }, CMDLINE);
    expect(texts(found)).toContain('recovery key');
    expect(texts(repair(BOOT, CMDLINE))).not.toContain('recovery key');
  });
});

describe('which boot loader it is', () => {
  const grub = { '/etc/default/grub': DEFAULTS, '/boot/grub/grub.cfg': grubConfig() };
  const entries = { '/boot/loader/entries/a.conf': 'linux /x\n' };
  const byGrub = `BOOT_IMAGE=/boot/vmlinuz-${KERNEL} ro`;

  it.each<[string, Files, string, RegExp]>([
    ['GRUB', grub, byGrub, /while GRUB starts|No entry could be copied/],
    [
      'GRUB beside entries of systemd-boot, by what it says on the command line',
      { ...grub, ...entries },
      byGrub,
      /while GRUB starts|No entry could be copied/,
    ],
    [
      'systemd-boot beside GRUB, by what it says in the firmware',
      { ...grub, ...efiVariable('LoaderInfo', 'systemd-boot 257') },
      byGrub,
      /systemd-boot/,
    ],
    [
      'GRUB, by what it says in the firmware',
      { ...grub, ...entries, ...efiVariable('LoaderInfo', 'GRUB 2.12') },
      'ro',
      /while GRUB starts|No entry could be copied/,
    ],
    [
      'a unified kernel image, by its stub',
      { ...entries, ...efiVariable('StubInfo', 'systemd-stub 257') },
      'ro',
      /unified kernel image/,
    ],
    ['none', {}, 'ro', /No boot loader that Merlon knows/],
    [
      'none in a container, whatever lies there',
      { ...grub, '/.dockerenv': '' },
      byGrub,
      /No boot loader that Merlon knows/,
    ],
    ['none where the files are folders', { '/boot/grub': null }, byGrub, /No boot loader that Merlon knows/],
  ])('%s', (_, files, cmdline, said) => {
    expect(texts(repair(files, cmdline))).toMatch(said);
  });

  it('none: host or provider decide, and the line is said', () => {
    const found = repair({});
    expect(texts(found)).toContain(LINE);
    expect(texts(found)).toContain('its provider’s');
    expect(found).toMatchObject({ kind: 'boot', diffs: [] });
  });

  it('a hostile release is in no command', () => {
    const found = lsmRepair(ACTIVE, machine(grub, byGrub, '6.1;reboot'));
    expect(JSON.stringify(found)).not.toContain(';reboot');
  });
});

describe('Raspberry Pi', () => {
  const PI: Files = {
    '/boot/firmware/config.txt': '[all]\narm_64bit=1\n',
    '/boot/firmware/cmdline.txt': 'console=tty1 root=PARTUUID=1 rootwait\n',
  };

  it('is started once by another configuration, which leaves the present one as it is', () => {
    const found = repair(PI);
    expect(found?.diffs).toEqual([
      {
        file: '/boot/firmware/cmdline-merlon.txt',
        lines: [`+console=tty1 root=PARTUUID=1 rootwait ${LINE}`],
      },
      {
        file: '/boot/firmware/tryboot.txt',
        lines: ['+[all]', '+arm_64bit=1', '+', '+[all]', '+cmdline=cmdline-merlon.txt'],
      },
    ]);
    expect(commands(found)).toContain("sudo reboot '0 tryboot'");
  });

  it('keeps the folder that a system has of its own', () => {
    const found = repair({
      '/boot/firmware/config.txt': 'os_prefix=current/\n',
      '/boot/firmware/current/cmdline.txt': 'root=LABEL=w lsm=yama',
    });
    expect(found?.diffs[0]).toEqual({
      file: '/boot/firmware/current/cmdline-merlon.txt',
      lines: [`+root=LABEL=w ${LINE}`],
    });
  });

  it.each<[string, Files]>([
    ['tryboot is in use by something else', { '/boot/firmware/tryboot.txt': 'os_prefix=new/\n' }],
    ['a quote is never closed', { '/boot/firmware/cmdline.txt': 'root="x' }],
    ['the line is a folder', { '/boot/firmware/cmdline.txt': null }],
    ['the name leads elsewhere', { '/boot/firmware/config.txt': 'cmdline=../../etc/shadow\n' }],
    ['the prefix leads elsewhere', { '/boot/firmware/config.txt': 'os_prefix=../../\n' }],
    ['the configuration is huge', { '/boot/firmware/config.txt': 'a'.repeat(2 << 20) }],
  ])('no file is proposed where %s', (_, files) => {
    const found = repair({ ...PI, ...files });
    expect(found?.diffs).toEqual([]);
    expect(texts(found)).toContain(LINE);
  });
});

describe('a unified kernel image', () => {
  const UKI: Files = {
    '/etc/kernel/install.conf': 'layout=uki\n',
    '/etc/kernel/cmdline': 'root=/dev/vda2 rw\n',
    '/etc/os-release': 'NAME="Arch"\nPRETTY_NAME="Arch Linux"\nID=arch\n',
    [`/usr/lib/modules/${KERNEL}/vmlinuz`]: '',
    [`/boot/initramfs-${KERNEL}.img`]: '',
    '/efi/EFI/Linux': null,
    '/usr/bin/ukify': '',
    ...efiVariable('LoaderInfo', 'systemd-boot 257'),
  };

  it('gets a second image that is named, sorts last, and is started once', () => {
    const found = repair(UKI);
    expect(found?.diffs).toEqual([
      { file: '/etc/kernel/cmdline-merlon', lines: [`+root=/dev/vda2 rw ${LINE}`] },
      {
        file: '/etc/kernel/os-release-merlon',
        lines: ['+NAME="Arch"', '+PRETTY_NAME="Arch Linux (with BPF LSM)"', '+ID=zz-merlon'],
      },
    ]);
    expect(commands(found)).toContain(
      `sudo ukify build --linux=/usr/lib/modules/${KERNEL}/vmlinuz --initrd=/boot/initramfs-${KERNEL}.img --cmdline=@/etc/kernel/cmdline-merlon --os-release=@/etc/kernel/os-release-merlon --uname=${KERNEL} --output=/efi/EFI/Linux/merlon-${KERNEL}.efi`,
    );
    expect(commands(found)).toContain(`sudo bootctl set-oneshot merlon-${KERNEL}.efi`);
  });

  it('is to be signed where Secure Boot is on', () => {
    const secure = '/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c';
    const found = repair({ ...UKI, [secure]: Buffer.from([6, 0, 0, 0, 1]) });
    expect(commands(found).join()).toContain('--secureboot-private-key=KEY');
  });

  it('takes what runs where there is no file, without what a boot loader adds', () => {
    const { '/etc/kernel/cmdline': _, ...rest } = UKI;
    const found = repair({ ...rest, ...efiVariable('StubInfo', 's') }, 'initrd=\\x root=/dev/vda2 rw');
    expect(found?.diffs[0]?.lines).toEqual([`+root=/dev/vda2 rw ${LINE}`]);
  });

  it.each<[string, Files]>([
    ['the initrd is not where it is looked for', { [`/boot/initramfs-${KERNEL}.img`]: '' }],
    ['a quote is never closed', { '/etc/kernel/cmdline': 'root="x' }],
    ['the release is a folder', { '/etc/os-release': null }],
  ])('says what it takes where %s', (what, files) => {
    const { [`/boot/initramfs-${KERNEL}.img`]: initrd, ...rest } = UKI;
    const found = repair(
      what.startsWith('the initrd')
        ? rest
        : { ...rest, [`/boot/initramfs-${KERNEL}.img`]: initrd ?? '', ...files },
    );
    expect(found?.diffs).toEqual([]);
    expect(texts(found)).toContain(LINE);
  });
});

it('a pipe in the place of a file holds nothing up', () => {
  const there = machine(
    { '/etc/default/grub': DEFAULTS, '/boot/grub/x': '' },
    `BOOT_IMAGE=/boot/vmlinuz-${KERNEL} ro`,
  );
  execFileSync('mkfifo', [join(there.root, '/boot/grub/grub.cfg')]);
  expect(texts(lsmRepair(ACTIVE, there))).toContain('cannot be read');
});
