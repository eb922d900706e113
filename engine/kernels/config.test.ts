import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { embeddedConfig, parseConfig, whatForbidsAll, whatIsMissing } from './config.ts';

const ALL = {
  '64BIT': 'y',
  BPF_SYSCALL: 'y',
  DEBUG_INFO_BTF: 'y',
  BPF_EVENTS: 'y',
  BPF_JIT: 'y',
  BPF_LSM: 'y',
  LSM: '"landlock,yama,bpf"',
  FANOTIFY_ACCESS_PERMISSIONS: 'y',
  CGROUP_BPF: 'y',
};

function config(changes: Readonly<Record<string, string | undefined>> = {}) {
  const all = Object.entries({ ...ALL, ...changes });
  return parseConfig(
    all
      .map(([name, value]) =>
        value === undefined ? `# CONFIG_${name} is not set` : `CONFIG_${name}=${value}`,
      )
      .join('\n'),
  );
}

it('has nothing to say of a kernel that has everything', () => {
  expect(whatForbidsAll(config())).toEqual([]);
  expect(whatIsMissing(config(), '')).toEqual([]);
});

it.each(['BPF_SYSCALL', 'DEBUG_INFO_BTF', 'BPF_EVENTS'])('says that nothing is seen without %s', (option) => {
  expect(whatForbidsAll(config({ [option]: undefined }))).toEqual([
    expect.stringContaining(`CONFIG_${option}`),
  ]);
});

it.each(['BPF_JIT', 'BPF_LSM', 'FANOTIFY_ACCESS_PERMISSIONS', 'CGROUP_BPF'])(
  'says what is weaker without %s',
  (option) => {
    expect(whatIsMissing(config({ [option]: undefined }), '')).toEqual([
      expect.stringContaining(`CONFIG_${option}`),
    ]);
  },
);

it('says how to have security hooks where the list lacks them', () => {
  const [sentence] = whatIsMissing(config({ LSM: '"landlock,yama"' }), 'root=/dev/sda1 quiet');
  expect(sentence).toContain('CONFIG_LSM');
  expect(sentence).toContain('lsm=landlock,yama,bpf');
});

it('believes the command line more than the list that was built in, and its last word most', () => {
  const without = config({ LSM: '"landlock"' });
  expect(whatIsMissing(without, 'quiet lsm=landlock lsm=landlock,bpf')).toEqual([]);
  expect(whatIsMissing(config(), 'lsm=landlock')).toEqual([expect.stringContaining('command line')]);
  expect(whatIsMissing(config(), 'quiet -- lsm=landlock')).toEqual([]);
});

it('refuses a text that is no configuration', () => {
  expect(() => parseConfig('<html>')).toThrow('no kernel configuration');
});

it('finds the configuration in a kernel, behind text that only speaks of it', () => {
  const text = 'CONFIG_64BIT=y\n';
  const within = Buffer.concat([
    Buffer.from('IKCFG_ST is looked for'),
    Buffer.from('IKCFG_ST'),
    gzipSync(text),
    Buffer.from('IKCFG_ED'),
  ]);
  expect(embeddedConfig(within)).toBe(text);
  expect(embeddedConfig(Buffer.from('IKCFG_ST'))).toBeUndefined();
});
