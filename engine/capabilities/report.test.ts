import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { describe, expect, it } from 'vitest';
import { FEATURE_IDS, PROTECTION_IDS } from '../../shared/capabilities.ts';
import { hardeningOf } from './hardening.ts';
import { EPERM, probeWith } from './probe.builder.ts';
import { reportOf } from './report.ts';

describe('a report', () => {
  it('names this kernel, this boot, and everything there is', () => {
    const report = reportOf(probeWith(), null);
    expect(report).toMatchObject({
      schema: 1,
      kernel_version: release(),
      boot_id: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      privileged: true,
      why_not: null,
      took_ms: 149,
      btf_available: true,
      lsm: { bpf_listed: true, bpf_works: true },
      xdp: { eth7: { driver: 'made_up', native: { state: 'works' } } },
    });
    expect(Object.keys(report.bpf_features)).toEqual(FEATURE_IDS);
    expect(Object.keys(report.protections)).toEqual(PROTECTION_IDS);
  });

  it('without root says why, and guesses nothing', () => {
    const report = reportOf(undefined, 'You dismissed the password dialog.');
    expect(report).toMatchObject({
      privileged: false,
      why_not: 'You dismissed the password dialog.',
      repairs: [],
    });
    expect(report.bpf_features['prog.lsm'].state).toBe('untried');
    expect(Object.keys(report.xdp)).toContain('lo');
  });

  it('takes what an older probe does not try as untried', () => {
    const { features, ...rest } = probeWith();
    delete features['pidfd.open'];
    const report = reportOf(
      { ...rest, features: { ...features, 'from.the.future': { state: 'works' } } },
      null,
    );
    expect(report.bpf_features['pidfd.open'].state).toBe('untried');
    expect(report.bpf_features).not.toHaveProperty(['from.the.future']);
    expect(report.protections.end_process.state).toBe('unknown');
  });

  it('offers the way to BPF LSM only where it is not listed', () => {
    const features = { 'prog.lsm': EPERM };
    const listed = reportOf(probeWith({ features }), null);
    expect(listed.repairs.map(({ id }) => id)).not.toContain('bpf_lsm');
    const facts = { lsm: 'lockdown,capability,landlock,yama,apparmor' };
    const unlisted = reportOf(probeWith({ features, facts }), null);
    expect(unlisted.repairs.find(({ id }) => id === 'bpf_lsm')?.lifts).toEqual(
      expect.arrayContaining(['deny_exec', 'deny_file', 'see_files', 'protect_itself']),
    );
    expect(unlisted.protections.deny_exec.repairs).toEqual(['bpf_lsm']);
    expect(unlisted.protections.deny_connect.repairs).toEqual([]);
  });

  it.each([
    ['lockdown', { lockdown: 'none integrity [confidentiality]' }, 'see_programs'],
    ['cgroup2', { cgroup2: null }, 'deny_connect'],
  ] as const)('offers the repair %s where it applies', (id, facts, lifts) => {
    const refused = { 'prog.tp_btf': EPERM, 'prog.cgroup_connect': EPERM };
    expect(reportOf(probeWith({ facts, features: refused }), null).repairs).toContainEqual(
      expect.objectContaining({ id, lifts: expect.arrayContaining([lifts]) as unknown }),
    );
    expect(reportOf(probeWith(), null).repairs).toEqual([]);
  });
});

describe('how far a kernel is locked', () => {
  const settings = (values: Readonly<Record<string, string>>) => (name: string) => values[name];

  it('is read from its settings', () => {
    const sysctl = settings({
      'net/core/bpf_jit_enable': '1',
      'net/core/bpf_jit_harden': '2',
      'kernel/unprivileged_bpf_disabled': '1',
      'kernel/perf_event_paranoid': '-1',
      'kernel/kptr_restrict': '1',
      'kernel/modules_disabled': '0',
    });
    expect(
      hardeningOf(probeWith({ facts: { lockdown: 'none [integrity] confidentiality' } }), sysctl),
    ).toEqual({
      lockdown: 'integrity',
      jit: 'on',
      jit_harden: 'all',
      unprivileged_bpf: 'off for good',
      perf_event_paranoid: -1,
      kptr_restrict: 1,
      modules_disabled: false,
      program_signing: true,
    });
  });

  it('is unknown where the kernel does not say, or says what nobody knows', () => {
    const sysctl = settings({ 'net/core/bpf_jit_enable': '7', 'kernel/kptr_restrict': 'much' });
    expect(hardeningOf(probeWith({ facts: { lockdown: '[new]' } }), sysctl)).toMatchObject({
      lockdown: null,
      jit: null,
      unprivileged_bpf: null,
      kptr_restrict: null,
      modules_disabled: null,
    });
  });
});
