/** The built launcher before a stand-in for Node that says what it was given. Needs `make -C native`. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const BUILT = fileURLToPath(new URL('../build/merlon-helper', import.meta.url));
const isRoot = process.getuid?.() === 0;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-launcher-'));
  chmodSync(folder, 0o755);
  copyFileSync(BUILT, join(folder, 'merlon-helper'));
  chmodSync(join(folder, 'merlon-helper'), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(options: { argv?: string[]; env?: Record<string, string>; stdio?: number[] } = {}) {
  const [command = '', ...args] = options.argv ?? [join(folder, 'merlon-helper')];
  const env = { ...process.env, ...options.env };
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'pipe', ...(options.stdio ?? [])],
  });
  return { status, stdout, stderr };
}

/** A stand-in for a program beside the launcher: a shell script. */
function standIn(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}
const node = (script: string) => standIn('node', script);
const probe = (script: string) => standIn('merlon-probe', script);

describe('the launcher refuses', () => {
  it('arguments', () => {
    expect(run({ argv: [join(folder, 'merlon-helper'), '--eval'] })).toMatchObject({
      status: 64,
      stderr: 'merlon-helper: takes no arguments but “probe”.\n',
    });
  });

  it('to run setuid', () => {
    chmodSync(join(folder, 'merlon-helper'), 0o4755);
    const { status, stderr } = run();
    expect(status).toBe(78);
    expect(stderr).toMatch(/refusing to run setuid/);
  });

  it('a user who is not root', () => {
    const file = join(folder, 'merlon-helper');
    const argv = isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', file] : [file];
    const { status, stderr } = run({ argv });
    expect(status).toBe(77);
    expect(stderr).toMatch(/needs root/);
  });

  it.runIf(isRoot)('a root without the capabilities', () => {
    const argv = ['setpriv', '--bounding-set=-bpf,-perfmon', join(folder, 'merlon-helper')];
    expect(run({ argv })).toMatchObject({ status: 77, stderr: expect.stringMatching(/CAP_BPF.*missing/) });
  });

  it.runIf(isRoot)('a folder without a Node', () => {
    expect(run()).toMatchObject({ status: 72, stderr: expect.stringMatching(/node: No such file/) });
  });
});

describe.runIf(isRoot)('what the launcher becomes', () => {
  it('has an environment of its own', () => {
    node('/usr/bin/env');
    const env = { LD_LIBRARY_PATH: '/tmp', NODE_OPTIONS: '--inspect', PKEXEC_UID: '1000' };
    const given = run({ env })
      .stdout.split('\n')
      .filter((line) => line !== '' && !/^(_|PWD|OLDPWD|SHLVL|MERLON_TRACEPOINTS|MERLON_PROBE)=/.test(line));
    expect(given.sort()).toEqual([
      'HOME=/',
      'LANG=C.UTF-8',
      'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
      'PKEXEC_UID=1000',
    ]);
  });

  it('is not told of a PKEXEC_UID that is no uid', () => {
    node('echo "[$PKEXEC_UID]"');
    expect(run({ env: { PKEXEC_UID: '0; id' } }).stdout).toBe('[]\n');
  });

  it('runs the entry of its own folder, in /, with a closed umask and no further descriptors than it names', () => {
    probe('exit 0');
    node(`for last; do :; done; echo "$last"; pwd; umask
      for event in $(echo "$MERLON_TRACEPOINTS" | tr ';' ' '); do eval "exec \${event##*=}<&-"; done
      eval "exec $MERLON_PROBE<&-"; ls /proc/self/fd`);
    const [entry, cwd, umask, ...descriptors] = run({ stdio: [2, 2, 2] })
      .stdout.trim()
      .split('\n');
    expect([entry, cwd, umask]).toEqual([join(folder, 'index.js'), '/', '0077']);
    expect(descriptors.length).toBe(4); // 0, 1, 2, and the folder that ls reads
  });

  it('leaves a pipe on which another program says what the kernel takes, with powers that it gave up itself', () => {
    probe(
      'read -r word || word=nothing; echo "heard $word, with $# arguments"; grep CapEff /proc/self/status',
    );
    node('cat <&"$MERLON_PROBE"; grep CapEff /proc/self/status');
    const [heard, there, here] = run({ env: { MERLON_PROBE: '0' } }).stdout.split('\n');
    expect(heard).toBe('heard nothing, with 0 arguments');
    expect(here).toMatch(/000000c000000004$/);
    expect(BigInt(`0x${there?.split('\t')[1]}`) & (1n << 12n)).not.toBe(0n); // CAP_NET_ADMIN
  });

  it('leaves a socket to a program that lists BPF, which has five capabilities and none of its descriptors', () => {
    standIn(
      'merlon-inventory',
      'read -r word; echo "heard $word, with $# arguments"; grep CapEff /proc/self/status; ls /proc/$$/fd',
    );
    node('echo list >&"$MERLON_INVENTORY"; cat <&"$MERLON_INVENTORY"');
    const [heard, powers, ...descriptors] = run({ env: { MERLON_INVENTORY: '0' } })
      .stdout.trim()
      .split('\n');
    expect(heard).toBe('heard list, with 0 arguments');
    // DAC_READ_SEARCH, NET_ADMIN, SYS_PTRACE, SYS_ADMIN, SYSLOG.
    expect(powers).toMatch(/0000000400281004$/);
    expect(descriptors.filter((fd) => Number(fd) > 2 && Number(fd) !== 10)).toEqual([]); // dash keeps its script as 10
  });

  it('starts all the same where that program is missing', () => {
    node('echo "started [$MERLON_PROBE]"');
    const { stdout, stderr } = run();
    expect(stdout).toBe('started []\n');
    expect(stderr).toMatch(/this kernel is not tried: No such file/);
  });

  it('becomes that program alone, where it is asked to', () => {
    node('echo node');
    probe('echo "probe, in $(pwd), with $# arguments"; env | grep -c LD_');
    const { stdout } = run({ argv: [join(folder, 'merlon-helper'), 'probe'], env: { LD_BIND_NOW: '1' } });
    expect(stdout).toBe('probe, in /, with 0 arguments\n0\n');
  });

  it('keeps three capabilities in every set, locked, and no way to new ones', () => {
    node('grep -E "^(Cap|NoNewPrivs)" /proc/self/status; setpriv --dump | grep -i securebits');
    const said = run().stdout;
    expect(said.match(/^Cap\w+:\s*000000c000000004$/gm)).toHaveLength(5);
    expect(said).toMatch(/NoNewPrivs:\s*1/);
    expect(said).toMatch(/noroot,noroot_locked/);
  });

  it('finds tracefs, without mounting it on the host', () => {
    const before = readFileSync('/proc/self/mountinfo', 'utf8');
    node('cat /sys/kernel/tracing/events/syscalls/sys_exit_execve/id');
    expect(run().stdout).toMatch(/^\d+\n$/);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(before);
  });
});
