import { describe, expect, it } from 'vitest';
import {
  FEATURE_IDS,
  PROTECTION_IDS,
  type CapabilityChange,
  type CapabilityReport,
} from '../shared/capabilities.ts';
import {
  capabilityReport,
  hostileReport,
  KERNELS,
  PROTECTIONS,
  REPAIR,
  unprivilegedReport,
  withProtection,
} from './capabilities.builder.ts';
import { readable } from './capabilities-text.ts';
import { ACTING, columns } from './terminal.ts';

const text = (report: CapabilityReport, width = 100, all = false) =>
  readable(report, { width, all, now: report.made });

describe('text', () => {
  it('begins with the sentence, then says what was tried, when, and what is the same', () => {
    const [summary, head] = text(capabilityReport()).split('\n\n');
    expect(summary?.replaceAll('\n', ' ')).toBe(capabilityReport().summary);
    expect(head).toBe(
      `Linux 6.18.44, tried 14:31:02 in 812 ms: ${FEATURE_IDS.length - 2} of ${FEATURE_IDS.length} work, 2 refused. Same as the last boot.`,
    );
  });

  it('says of each protection whether it works, by which way, why, what is lost and what repairs it', () => {
    const shown = text(capabilityReport(), 110);
    expect(shown).toContain('Stops: before it happens, or at once\n');
    expect(shown).toContain('  ✓ works       Access to a file (fanotify)\n');
    expect(shown).toContain(
      '  ! degraded    A program before it runs (fanotify, 2 of 3)\n                Program on a security hook: refused',
    );
    expect(shown).toContain('Lost: A program that a loader or a shell is asked to run');
    expect(shown).toContain('  ✗ impossible  Itself against root (BPF LSM does not work)\n');
    expect(shown).toContain('Relied on by: sensing\n');
    expect(shown.match(/→ repair 1 below/g)).toHaveLength(2);
    for (const id of PROTECTION_IDS) expect(shown).toContain(PROTECTIONS[id].title);
  });

  it('ends with repairs as they are typed and looked at, kernels, interfaces and hardening', () => {
    const shown = text(capabilityReport(), 110);
    for (const { text: step, command } of REPAIR.steps) {
      expect(shown).toContain(step);
      if (command !== undefined) expect(shown).toContain(`        $ ${command}\n`);
    }
    expect(shown).toContain('     +    linux /boot/vmlinuz-6.18.44 root=UUID');
    expect(shown).toContain(`Undo: ${REPAIR.undo}`);
    expect(shown).toContain('Lifts: A program before it runs; Itself against root\n');
    expect(shown).toContain('  ! partly      6.1.158-1: 29 of 31 programs fit. The process iterator');
    expect(shown).toContain('  – unknown     4.19.0: Whether the programs fit is not known.');
    expect(shown).toContain('  enp5s0 (igc): in the driver works; before the stack works\n');
    expect(shown).toContain('in the driver refused (attach: EOPNOTSUPP (95), Not supported)');
    expect(shown).toContain('  BPF as a security module: not listed, does not work\n');
    expect(shown).toContain('  lockdown: integrity\n');
  });

  it('has every feature and the kernel’s own words only with --all', () => {
    expect(text(capabilityReport())).not.toContain('map.lpm_trie');
    const shown = text(capabilityReport(), 100, true);
    for (const id of FEATURE_IDS) expect(shown).toContain(`${id}: `);
    expect(shown).toContain('load: EPERM (1), Operation not permitted\n');
  });

  it('shows lines of the kernel’s words as lines', () => {
    const message = 'R1 type=scalar\nprocessed 3 insns';
    const features = {
      ...capabilityReport().bpf_features,
      'prog.lsm': { state: 'refused', message } as const,
    };
    expect(text(capabilityReport({ bpf_features: features }), 100, true)).toContain(
      '                R1 type=scalar\n                processed 3 insns\n',
    );
  });

  it('unknown is a word, and nothing is said to be tried where nothing was', () => {
    const shown = text(unprivilegedReport('Install pkexec.'));
    expect(shown).toContain('looked at 14:31:02 without root: nothing was tried.\nInstall pkexec.\n');
    expect(shown).toContain('  – unknown     A program before it runs\n');
    expect(shown).toContain('  security modules: unknown\n');
    expect(shown).toContain('  BPF as a security module: unknown, not tried\n');
    expect(shown).not.toMatch(/\d work/);
  });

  const change: CapabilityChange = {
    protection: 'deny_exec',
    before: 'works',
    after: 'degraded',
    rungs: ['BPF LSM', 'fanotify'],
  };
  const earlier = {
    made: capabilityReport().made - 3600e3,
    kernel_version: '6.18.44',
    same_boot: false,
    changes: [],
  };
  it.each<[CapabilityReport['since_last'], string]>([
    [null, 'There is no earlier report to compare it with.'],
    [earlier, 'Same as the last boot.'],
    [{ ...earlier, kernel_version: '6.12.1' }, 'Same as the last boot (Linux 6.12.1).'],
    [{ ...earlier, same_boot: true }, 'Same as at 13:31:02.'],
    [{ ...earlier, changes: [change] }, 'One protection is different since the last boot.'],
    [{ ...earlier, changes: [change, change] }, '2 protections are different since the last boot.'],
  ])('says what the last report was: %#', (last, words) => {
    expect(text(capabilityReport({ since_last: last })).replaceAll('\n', ' ')).toContain(words);
  });

  it('lists what is different, with the ways', () => {
    const shown = text(capabilityReport({ since_last: { ...earlier, changes: [change] } }));
    expect(shown).toContain('  ! degraded    A program before it runs: was works (BPF LSM → fanotify)\n');
  });

  it.each([1, 24, 40, 63, 64, 80, 300])('stays within %d columns, but for what is copied', (width) => {
    const long = withProtection('deny_exec', { why: `${'x'.repeat(400)} ${'日本'.repeat(90)}` });
    const shown = text(capabilityReport({ ...long, kernels: KERNELS }), width, true);
    const prose = shown.split('\n').filter((line) => !/^ {5}[+ -]| \$ |^ {5}\//.test(line));
    const widest = Math.max(...prose.map(columns));
    expect(widest).toBeLessThanOrEqual(Math.max(24, Math.min(width, 110)));
  });
});

it.each([30, 100])('hostile text reaches no terminal, %d columns wide', (width) => {
  const shown = text(hostileReport(), width, true);
  expect(shown.replaceAll('\n', '').match(ACTING)).toBeNull();
  expect(shown.replaceAll(/\s/g, '')).toContain('\\u{202e}evil\\u{1b}]0;x\\u{7}');
});
