import { describe, expect, test } from 'vitest';
import { BOOT, CHILD, setUp, SHELL, shell } from './events.builder.ts';
import { cgroupRecord, execFailedRecord, execRecord, exitRecord, forkRecord } from './records.builder.ts';

describe('EventMaker', () => {
  test('tells an exec with everything that is known of it', () => {
    const { replay } = setUp();
    const [, event] = replay(
      shell,
      execRecord({
        timeNs: 2_500_000,
        task: {
          ...CHILD,
          comm: 'curl',
          vpid: 7,
          euid: 0,
          loginuid: 1000,
          auditSession: 3,
          sid: 100,
          ttyMajor: 136,
          ttyMinor: 3,
          mntNs: 1,
          pidNs: 2,
          netNs: 3,
          userNs: 4,
          capEffective: 1n << 21n,
          cgroupId: 77n,
        },
        inode: 42n,
        dev: (254 << 20) | 1,
        generation: 9,
        flags: (1 << 2) | (1 << 5),
        executable: '/usr/bin/curl',
        cwd: '/home/ada',
        args: ['curl', '-H', 'Authorization: Bearer abcdefgh12345', 'x'],
        env: ['LD_PRELOAD=/tmp/x.so'],
        tty: 'pts/3',
        stdin: 1,
        stdout: 4,
        stderr: 0,
      }),
    );
    expect(event).toMatchObject({
      '@timestamp': 1_700_000_000_002.5,
      'event.kind': 'event',
      'event.category': ['process'],
      'event.type': ['start'],
      'event.action': 'exec',
      'event.outcome': 'success',
      'event.sequence': 2,
      'host.boot.id': BOOT,
      'process.pid': 200,
      'process.vpid': 7,
      'process.name': 'curl',
      'process.executable': '/usr/bin/curl',
      'process.args': ['curl', '-H', expect.stringMatching(/^Authorization: Bearer ‹secret:\w{8}›$/), 'x'],
      'process.args_count': 4,
      'process.working_directory': '/home/ada',
      'process.start': 1_700_000_000_000.002,
      'process.interactive': true,
      'process.tty.char_device.major': 136,
      'process.session_leader.pid': 100,
      'process.env_vars': ['LD_PRELOAD=/tmp/x.so'],
      'process.thread.capabilities.effective': ['CAP_SYS_ADMIN'],
      'process.parent.pid': 100,
      'process.parent.name': 'bash',
      'process.parent.executable': '/usr/bin/bash',
      'process.parent.command_line': '-bash',
      'user.id': '1000',
      'user.name': 'ada',
      'user.effective.id': '0',
      'user.effective.name': 'root',
      'group.name': 'ada',
      'container.id': 'a'.repeat(64),
      'container.name': 'web',
      'container.runtime': 'docker',
      'package.name': 'curl',
      'package.version': '8.1',
      'merlon.process.comm': 'curl',
      'merlon.process.flags': ['setuid', 'ld_preload'],
      'merlon.process.stdin': 'tty',
      'merlon.process.stdout': 'file',
      'merlon.process.stderr': 'closed',
      'merlon.executable.device': '254:1',
      'merlon.executable.inode': '42',
      'merlon.login.name': 'ada',
      'merlon.audit.session': 3,
      'merlon.tty.name': 'pts/3',
      'merlon.namespace.net': 3,
      'merlon.cgroup.id': '77',
    });
    expect(event?.['process.command_line']).not.toContain('abcdefgh12345');
    expect(Object.keys(event ?? {})).not.toContain('event.duration');
  });

  test('a fork runs its parent’s program; an exit tells how it ended', () => {
    const { replay } = setUp();
    const [, fork, exit] = replay(
      shell,
      forkRecord({ timeNs: 2000, task: CHILD }),
      exitRecord({ timeNs: 9000, task: CHILD, status: 11 | 0x80, runNs: 7000, cpuNs: 500, maxRss: 4096 }),
    );
    expect(fork).toMatchObject({
      'event.action': 'fork',
      'process.name': 'bash',
      'process.command_line': '-bash',
      'process.parent.name': 'bash',
    });
    expect(exit).toMatchObject({
      'event.action': 'exit',
      'event.type': ['end'],
      'event.duration': 7000,
      'process.entity_id': fork?.['process.entity_id'],
      'process.exit_code': 139,
      'merlon.exit.signal': 'SIGSEGV',
      'merlon.exit.core_dumped': true,
      'merlon.exit.cpu_time': 500,
      'merlon.exit.max_rss': 4096,
      'process.end': 1_700_000_000_000.009,
    });
  });

  test('a failed exec names what was tried, by whom, and why it failed', () => {
    const { replay } = setUp();
    const [, failed, exit] = replay(
      shell,
      execFailedRecord({
        task: SHELL,
        error: 13,
        path: './run me',
        cwd: '/srv',
        args: ['./run me', '--token=s3cretValue'],
      }),
      exitRecord({ task: SHELL }),
    );
    expect(failed).toMatchObject({
      'event.action': 'exec_failed',
      'event.outcome': 'failure',
      'error.code': 'EACCES',
      'process.name': 'bash',
      'process.executable': '/usr/bin/bash',
      'file.path': '/srv/run me',
    });
    expect(failed?.['process.command_line']).toMatch(/^\.\/run me --token=‹secret:\w{8}›$/);
    expect(exit?.['process.executable']).toBe('/usr/bin/bash');
  });

  test('a process whose beginning was missed is marked, not invented', () => {
    const { replay } = setUp();
    const [exit] = replay(exitRecord({ task: CHILD, status: 3 << 8 }));
    expect(exit).toMatchObject({
      'process.exit_code': 3,
      'process.parent.pid': 100,
      'merlon.process.comm': 'bash',
      'merlon.process.flags': ['incomplete'],
    });
    for (const field of ['process.name', 'process.executable', 'process.parent.name', 'merlon.exit.signal']) {
      expect(Object.keys(exit ?? {})).not.toContain(field);
    }
  });

  test('a second exit is no event', () => {
    const { replay } = setUp();
    expect(replay(shell, exitRecord({ task: SHELL }), exitRecord({ task: SHELL }))).toHaveLength(2);
  });

  test('a second snapshot tells only what it adds', () => {
    const { replay } = setUp();
    const other = execRecord({ task: CHILD, executable: '/bin/other', args: ['other'] }, 'running');
    expect(replay(shell, shell, other, shell).map((e) => e['process.name'])).toEqual(['bash', 'other']);
    expect(replay(exitRecord({ task: CHILD }), other).map((e) => e['event.action'])).toEqual(['exit']);
  });

  test('kernel threads go by their task’s name, those that kthreadd makes too', () => {
    const { replay } = setUp();
    const kthreadd = { pid: 2, startNs: 5, comm: 'kthreadd' };
    const worker = { pid: 300, startNs: 6, ppid: 2, parentStartNs: 5, comm: 'kworker/0:1' };
    const events = replay(
      execRecord({ task: kthreadd }, 'running'),
      forkRecord({ task: { ...worker, comm: 'kthreadd' } }),
      exitRecord({ task: worker }),
    );
    expect(events.map((e) => e['process.name'])).toEqual(['kthreadd', 'kthreadd', 'kworker/0:1']);
    expect(events[2]?.['process.parent.name']).toBe('kthreadd');
  });

  test('missing arguments come from /proc where the process is still the same', () => {
    const asked: [number, number][] = [];
    const readArguments = (pid: number, startNs: number) => {
      asked.push([pid, startNs]);
      return pid === 100 ? 'bash\0--password=hunter2x' : undefined;
    };
    const { replay } = setUp({ readArguments });
    const flags = 1 << 13;
    const [found, gone] = replay(
      execRecord({ task: SHELL, flags, executable: '/usr/bin/bash' }, 'running'),
      execRecord({ task: CHILD, flags, executable: '/usr/bin/bash' }, 'running'),
    );
    expect(asked).toEqual([
      [100, 1000],
      [200, 2000],
    ]);
    expect(found?.['process.command_line']).toMatch(/^bash --password=‹secret:\w{8}›$/);
    expect(found?.['merlon.process.flags']).toEqual(['args_from_proc']);
    expect(gone?.['process.args']).toBeUndefined();
    expect(gone?.['merlon.process.flags']).toEqual(['incomplete']);
  });

  test('a new cgroup is remembered and is no event', () => {
    const { replay, made } = setUp();
    expect(replay(cgroupRecord({ id: 5n, hierarchy: 8, path: '/a/b' }))).toEqual([]);
    expect(made).toEqual([['5', 8, '/a/b']]);
  });

  test('a script is named beside its interpreter', () => {
    const { replay } = setUp();
    const [event] = replay(
      execRecord({
        task: CHILD,
        executable: '/usr/bin/dash',
        script: './install.sh',
        interpreter: '/bin/sh',
        args: ['/bin/sh', './install.sh'],
      }),
    );
    expect(event).toMatchObject({
      'process.name': 'dash',
      'merlon.process.script': './install.sh',
      'merlon.process.interpreter': '/bin/sh',
    });
  });
});
