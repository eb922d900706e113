import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Btf } from './btf.ts';
import { KernelConfig } from './config.ts';
import { whyNot } from './files.ts';
import { Kernel, namesFor } from './fit.ts';
import { forecastKernels } from './index.ts';
import { JOBS, outlook } from './jobs.ts';
import { bzImage, packed, vmlinux } from './kernels.builder.ts';
import { CONFIG, kernelTypes, ownObject, type Kernelish } from './world.builder.ts';
import { TypeNames } from './names.ts';
import { BpfObject } from './object.ts';

const VERSION = '6.1.0-1-test';
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'merlon-kernels-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, content: string | Buffer): string {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
  return join(root, path);
}

const places = () => ({
  boot: join(root, 'boot'),
  modules: [join(root, 'modules')],
  running: release(),
  commandLine: put('cmdline', 'quiet'),
});

async function forecastOf(kernel: Kernelish, config = CONFIG) {
  put(`boot/vmlinuz-${VERSION}`, bzImage(packed(vmlinux(kernelTypes(kernel)), 'gzip')));
  put(`boot/config-${VERSION}`, config);
  const [forecast] = await forecastKernels(put('merlon.bpf.o', ownObject()), places());
  return forecast!;
}

describe('a kernel that was made up', () => {
  it('fits where it has all that the programs ask for', async () => {
    expect(await forecastOf({})).toEqual({
      version: VERSION,
      state: 'fits',
      programs: JOBS.length,
      fitting: JOBS.length,
      findings: [],
    });
  });

  it('fits where it lacks what the programs look for before they use it', async () => {
    expect(await forecastOf({ members: ['pid'] })).toMatchObject({ state: 'fits', findings: [] });
  });

  it('does not fit where a field that is read has another name', async () => {
    const { state, fitting, findings } = await forecastOf({ members: ['pid_new', 'age'] });
    expect([state, fitting]).toEqual(['not', 0]);
    expect(findings).toEqual([expect.stringContaining('has no struct task.pid')]);
  });

  it('does not fit without a tracepoint that the sensor cannot do without', async () => {
    const { state, findings } = await forecastOf({ lacks: ['exit'] });
    expect(state).toBe('not');
    expect(findings).toEqual([
      'Merlon will not see a process that ends: this kernel has no tracepoint exit.',
    ]);
  });

  it('fits partly without another', async () => {
    expect(await forecastOf({ lacks: ['cgroup'] })).toMatchObject({
      state: 'partly',
      fitting: JOBS.length - 1,
    });
  });

  it('takes the stand-in for a program whose helper it lacks', async () => {
    const { state, findings } = await forecastOf({ helpers: 189 });
    expect(state).toBe('fits');
    expect(findings).toEqual([expect.stringContaining('too old for a helper (190)')]);
  });

  it('loses attempts that fail where neither their functions nor their tracepoints can be watched', async () => {
    const plain = CONFIG.replace('CONFIG_FTRACE_SYSCALLS=y\n', '');
    expect(await forecastOf({}, plain)).toMatchObject({ state: 'fits', findings: [] });
    const { state, findings } = await forecastOf({ lacks: ['sys_exec'] }, plain);
    expect(state).toBe('partly');
    expect(findings).toEqual([expect.stringContaining('an attempt to start a program')]);
  });

  it('does not fit where its configuration says that it takes no programs', async () => {
    const { state, findings } = await forecastOf({}, CONFIG.replace('CONFIG_BPF_SYSCALL=y\n', ''));
    expect(state).toBe('not');
    expect(findings).toEqual([expect.stringContaining('CONFIG_BPF_SYSCALL')]);
  });

  it('says what it takes for granted where no configuration is found', async () => {
    put(`boot/vmlinuz-${VERSION}`, vmlinux(kernelTypes()));
    const [forecast] = await forecastKernels(put('merlon.bpf.o', ownObject()), places());
    expect(forecast).toMatchObject({ state: 'fits', findings: [expect.stringContaining('not known')] });
  });

  it('reads the configuration that the kernel carries within itself', async () => {
    put(`boot/vmlinuz-${VERSION}`, vmlinux(kernelTypes(), CONFIG.replace('CONFIG_BPF_EVENTS=y\n', '')));
    const [forecast] = await forecastKernels(put('merlon.bpf.o', ownObject()), places());
    expect(forecast).toMatchObject({
      state: 'not',
      findings: [expect.stringContaining('CONFIG_BPF_EVENTS')],
    });
  });

  it('does not fit where its image has no types', async () => {
    put(`boot/vmlinuz-${VERSION}`, vmlinux(undefined, CONFIG));
    const [forecast] = await forecastKernels(put('merlon.bpf.o', ownObject()), places());
    expect(forecast).toMatchObject({
      state: 'not',
      findings: [expect.stringContaining('CONFIG_DEBUG_INFO_BTF')],
    });
  });
});

describe('what nobody can know', () => {
  const askWith = async (object = put('merlon.bpf.o', ownObject())) =>
    (await forecastKernels(object, places()))[0];

  it('is unknown where the image cannot be read, and says why', async () => {
    mkdirSync(join(root, `boot/vmlinuz-${VERSION}`), { recursive: true });
    expect(await askWith()).toMatchObject({
      state: 'unknown',
      findings: [expect.stringContaining('it is a folder')],
    });
  });

  it('is unknown where the image is a link to itself', async () => {
    mkdirSync(join(root, 'boot'));
    symlinkSync(`vmlinuz-${VERSION}`, join(root, `boot/vmlinuz-${VERSION}`));
    expect(await askWith()).toMatchObject({ state: 'unknown', findings: [expect.stringContaining('ELOOP')] });
  });

  it('is unknown where there are modules and no image', async () => {
    put(`modules/${VERSION}/modules.dep`, '');
    expect(await askWith()).toMatchObject({
      state: 'unknown',
      findings: [expect.stringContaining('No image')],
    });
  });

  it('is unknown where the image is empty', async () => {
    put(`boot/vmlinuz-${VERSION}`, '');
    expect(await askWith()).toMatchObject({
      state: 'unknown',
      findings: [expect.stringContaining('it is empty')],
    });
  });

  it('takes another image of the same kernel where the first cannot be read', async () => {
    mkdirSync(join(root, `boot/vmlinuz-${VERSION}`), { recursive: true });
    put(`modules/${VERSION}/build/vmlinux`, vmlinux(kernelTypes(), CONFIG));
    expect(await askWith()).toMatchObject({ state: 'fits' });
  });

  it('is unknown where Merlon’s own programs are not there', async () => {
    put(`boot/vmlinuz-${VERSION}`, vmlinux(kernelTypes(), CONFIG));
    expect(await askWith(join(root, 'nothing.o'))).toMatchObject({
      state: 'unknown',
      findings: [expect.stringContaining('install Merlon again')],
    });
  });

  it('still says that nothing will be seen, where the configuration alone tells', async () => {
    put(`boot/vmlinuz-${VERSION}`, '');
    put(`boot/config-${VERSION}`, CONFIG.replace('CONFIG_DEBUG_INFO_BTF=y\n', ''));
    expect(await askWith()).toMatchObject({ state: 'not' });
  });

  it('tells a person who is not root to ask again as root', () => {
    const error = Object.assign(new Error('no'), { code: 'EACCES' });
    expect(whyNot('/boot/vmlinuz-6', error)).toBe(
      'Only root may read /boot/vmlinuz-6: run merlon capabilities as root.',
    );
  });

  it('is given up with the signal’s reason', async () => {
    put(`boot/vmlinuz-${VERSION}`, bzImage(packed(vmlinux(kernelTypes()), 'gzip')));
    const giveUp = new AbortController();
    const asked = forecastKernels(put('merlon.bpf.o', ownObject()), places(), giveUp.signal);
    setImmediate(() => giveUp.abort(new Error('nobody waits')));
    await expect(asked).rejects.toThrow('nobody waits');
  });
});

const OBJECT = join(import.meta.dirname, '../../bpf/build/merlon.bpf.o');
const TYPES = '/sys/kernel/btf/vmlinux';

describe.skipIf(!existsSync(OBJECT) || !existsSync(TYPES))(
  'the running kernel and the real programs (needs a built merlon.bpf.o and a kernel with BTF)',
  () => {
    /** What the real programs would do on the running kernel, had it these types. */
    async function real(types: Buffer = readFileSync(TYPES)) {
      const object = await BpfObject.read(readFileSync(OBJECT));
      const kernel = new Kernel(new TypeNames(Btf.read(types), namesFor(object)), runningConfig());
      return outlook((name) => {
        const program = object.programs.find((each) => each.name === name);
        return program ? kernel.fitOf(object, program) : { fits: false, why: `lacks ${name}` };
      });
    }

    const runningConfig = () =>
      new KernelConfig(
        existsSync('/proc/config.gz')
          ? gunzipSync(readFileSync('/proc/config.gz')).toString('latin1')
          : undefined,
      );

    /** The running kernel's types with another name, of the same length. */
    function renamed(from: string, to: string): Buffer {
      const types = Buffer.from(readFileSync(TYPES));
      const at = types.indexOf(`\0${from}\0`, 0, 'latin1');
      types.write(to, at + 1, 'latin1');
      return types;
    }

    it('fit each other', async () => {
      expect(await real()).toMatchObject({ state: 'fits', fitting: JOBS.length });
    });

    it('fit when the kernel is packed as an image that is installed', { timeout: 60_000 }, async () => {
      put(`boot/vmlinuz-${VERSION}`, bzImage(packed(vmlinux(readFileSync(TYPES)), 'zstd')));
      const [forecast] = await forecastKernels(OBJECT, places());
      expect(forecast).toMatchObject({ version: VERSION, state: 'fits', fitting: JOBS.length });
    });

    const CHANGES = [
      [
        'btf_trace_sched_process_exec',
        'btf_trace_sched_process_gone',
        'not',
        'tracepoint sched_process_exec',
      ],
      ['btf_trace_cgroup_mkdir', 'btf_trace_cgroup_gone_', 'partly', 'tracepoint cgroup_mkdir'],
      ['start_boottime', 'start_elsewhen', 'not', 'struct task_struct.start_boottime'],
      ['real_parent', 'real_mother', 'not', 'struct task_struct.real_parent'],
      ['sessionid', 'sessionno', 'fits', undefined],
      ['d_shortname', 'd_shortnome', 'not', 'struct dentry.d_iname'],
    ] as const;
    it.each(CHANGES)('without %s (%s): %s', async (from, to, state, lacks) => {
      if (!readFileSync(TYPES).includes(`\0${from}\0`)) return; // a kernel before or without it
      const found = await real(renamed(from, to));
      expect(found.state).toBe(state);
      if (lacks !== undefined) expect(found.findings.join(' ')).toContain(`has no ${lacks}`);
    });
  },
);
