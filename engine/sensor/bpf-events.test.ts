import { describe, expect, test } from 'vitest';
import type { LoadedProgram } from './bpf-events.ts';
import { CHILD, setUp, SHELL, shell } from './events.builder.ts';
import { OwnProbe } from './own-probe.ts';
import { bpfRecord, execRecord, forkRecord } from './records.builder.ts';

describe('of BPF', () => {
  const GUARD = { programId: 41, programType: 29, attachType: 27, tag: '00a1b2c3d4e5f6ff', name: 'guard' };

  test('a load names the program, by the kernel’s word, and who did it', () => {
    const { replay } = setUp();
    const [, event] = replay(shell, bpfRecord({ timeNs: 5e6, task: SHELL, command: 5, ...GUARD }));
    expect(event).toMatchObject({
      'event.category': ['driver'],
      'event.type': ['start'],
      'event.action': 'bpf_loaded',
      'event.outcome': 'success',
      'process.pid': 100,
      'process.executable': '/usr/bin/bash',
      'user.name': 'root',
      'merlon.bpf.command': 'prog_load',
      'merlon.bpf.program.id': 41,
      'merlon.bpf.program.name': 'guard',
      'merlon.bpf.program.type': 'lsm',
      'merlon.bpf.program.tag': '00a1b2c3d4e5f6ff',
      'merlon.bpf.attach_type': 'lsm_mac',
      message: 'bash loaded the BPF lsm program “guard” (41).',
    });
    expect(Object.keys(event ?? {})).not.toContain('merlon.bpf.link.id');
  });

  const link = { linkId: 7, linkType: 2 };
  test.each([
    [
      { command: 28, ...GUARD, ...link },
      'bpf_attached',
      ['change'],
      'bash attached the BPF lsm program “guard” (41).',
    ],
    [
      { command: 17, ...GUARD, ...link },
      'bpf_attached',
      ['change'],
      'bash attached the BPF lsm program “guard” (41).',
    ],
    [
      { command: 29, ...GUARD, ...link },
      'bpf_attached',
      ['change'],
      'bash put the BPF lsm program “guard” (41) in the place of another.',
    ],
    [
      { command: 34, ...GUARD, ...link },
      'bpf_detached',
      ['end'],
      'bash detached the BPF lsm program “guard” (41).',
    ],
    [{ command: 8, ...GUARD }, 'bpf_attached', ['change'], 'bash attached the BPF lsm program “guard” (41).'],
    [{ command: 9, flags: 2, attachType: 6 }, 'bpf_detached', ['end'], 'bash detached a BPF program.'],
    [
      { command: 6, ...GUARD, path: '/run/x' },
      'bpf_pinned',
      ['info'],
      'bash pinned the BPF lsm program “guard” (41) at /run/x.',
    ],
    [
      { command: 6, ...GUARD, ...link, path: '/x' },
      'bpf_pinned',
      ['info'],
      'bash pinned the link of the BPF lsm program “guard” (41) at /x.',
    ],
    [
      { command: 5, error: 1, flags: 1, programType: 6, name: 'x' },
      'bpf_refused',
      ['start'],
      'The kernel did not let bash load a BPF xdp program “x”: EPERM.',
    ],
  ])('%j', (bpf, action, type, message) => {
    const { replay } = setUp();
    const [, event] = replay(shell, bpfRecord({ task: SHELL, ...bpf }));
    expect(event).toMatchObject({ 'event.action': action, 'event.type': type, message });
    expect(event?.['error.code']).toBe('error' in bpf ? 'EPERM' : undefined);
    expect(event?.['event.outcome']).toBe('error' in bpf ? 'failure' : 'success');
    expect(event?.['merlon.bpf.link.id']).toBe('linkId' in bpf ? 7 : undefined);
    expect(event?.['file.path']).toBe('path' in bpf ? bpf.path : undefined);
  });

  test('the attach type 0 is told of programs that have it, not of those that have none', () => {
    const { replay } = setUp();
    const events = replay(
      ...[8, 5].map((programType) => bpfRecord({ task: SHELL, command: 5, programId: 1, programType })),
    );
    expect(events.map((e) => e['merlon.bpf.attach_type'])).toEqual(['cgroup_inet_ingress', undefined]);
  });

  test('a caller whose beginning was missed goes by its task’s name, and is marked', () => {
    const [event] = setUp().replay(bpfRecord({ task: SHELL, command: 5, ...GUARD }));
    expect(event).toMatchObject({
      'merlon.process.flags': ['incomplete'],
      message: 'bash loaded the BPF lsm program “guard” (41).',
    });
  });

  test('what the probe loads is no event, and is handed to whoever asks who loaded it', () => {
    const loaded: LoadedProgram[] = [];
    const probe = new OwnProbe('/opt/merlon/merlon-probe', 0);
    const { replay, processes } = setUp({ probe, onLoaded: (one) => loaded.push(one) });
    const exec = { executable: '/opt/merlon/merlon-probe', args: ['merlon-probe'] };
    const fork = { ...CHILD, uid: 0 };
    const events = replay(
      execRecord({ task: SHELL, ...exec }),
      forkRecord({ task: fork }),
      bpfRecord({ timeNs: 9, task: fork, command: 5, ...GUARD }),
      bpfRecord({ task: SHELL, command: 5, error: 1, flags: 1 }),
      execRecord({ task: fork, executable: '/usr/bin/evil', args: ['merlon-probe'] }),
      bpfRecord({ task: fork, command: 5, ...GUARD, programId: 42 }),
    );
    expect(events.map((e) => e['event.action'])).toEqual(['exec', 'fork', 'exec', 'bpf_loaded']);
    expect(probe.calls).toBe(2);
    expect(loaded).toMatchObject([
      { id: 41, tag: GUARD.tag, atNs: 9, process: { pid: 200 } },
      { id: 42, process: processes.find(200, 2000) },
    ]);
  });
});
