import { describe, expect, it } from 'vitest';
import { PROTECTION_IDS, type Feature, type FeatureId } from '../../shared/capabilities.ts';
import { LADDERS } from './ladders.ts';
import { EPERM, probeWith } from './probe.builder.ts';
import { protectionsOf, type Circumstances, type Features } from './protections.ts';
import { summaryOf } from './summary.ts';

const UNTRIED: Feature = { state: 'untried', message: 'The verifier refused the probe itself.' };
const AROUND: Circumstances = {
  privileged: true,
  bpfListed: true,
  native: ['eth0'],
  generic: [],
  repairs: new Map([['deny_exec', ['bpf_lsm']]]),
};

function on(changes: Partial<Record<FeatureId, Feature>> = {}, around: Partial<Circumstances> = {}) {
  const features = probeWith({ features: changes }).features as Features;
  return protectionsOf(features, { ...AROUND, ...around });
}

const NO_LSM = { 'prog.lsm': EPERM, 'prog.lsm_sleepable': EPERM, 'prog.lsm_cgroup': EPERM } as const;

describe('a kernel that takes everything', () => {
  it('has every protection by its strongest rung, and nothing to lose', () => {
    for (const [id, { state, rung, lost, repairs }] of Object.entries(on()))
      expect([id, state, rung, lost, repairs]).toEqual([id, 'works', 0, null, []]);
  });

  it('is said to be so in one sentence', () => {
    expect(summaryOf(on(), true)).toBe(
      'Merlon sees every program that starts and ends on this kernel. It could deny programs by BPF LSM and cut a process off the network.',
    );
  });
});

describe('the ladder of denying a program', () => {
  it.each<[string, Partial<Record<FeatureId, Feature>>, string, number | null]>([
    ['all', {}, 'works', 0],
    ['no LSM', NO_LSM, 'degraded', 1],
    ['no LSM, no fanotify', { ...NO_LSM, 'fanotify.open_exec_perm': EPERM }, 'degraded', 2],
    [
      'nothing',
      { ...NO_LSM, 'fanotify.open_exec_perm': EPERM, 'helper.send_signal': EPERM },
      'impossible',
      null,
    ],
  ])('with %s', (_, changes, state, rung) => {
    expect(on(changes).deny_exec).toMatchObject({ state, rung });
  });

  it('is unknown where the one rung that is left was not tried', () => {
    const left = { ...NO_LSM, 'fanotify.open_exec_perm': EPERM, 'helper.send_signal': UNTRIED };
    expect(on(left).deny_exec).toMatchObject({ state: 'unknown', rung: null });
  });
});

describe('why', () => {
  it('names what was refused, where, and by which error', () => {
    expect(on(NO_LSM).deny_exec.why).toMatch(/^Program on a security hook: refused \(load: EPERM\)\./);
  });

  it('tells a kernel that refuses LSM although it lists it from one that does not list it', () => {
    expect(on(NO_LSM).deny_exec.why).toMatch(/although “bpf” is among its security modules/);
    expect(on(NO_LSM, { bpfListed: false }).deny_exec.why).toMatch(/“bpf” is not among the security modules/);
  });

  it('keeps apart what the verifier refused for another reason', () => {
    const { why } = on({ ...NO_LSM, 'fanotify.open_exec_perm': UNTRIED }).deny_exec;
    expect(why).toMatch(/not tried\. The verifier refused the probe itself\./);
  });
});

describe('what is lost', () => {
  it('is what the rung in use cannot do', () => {
    expect(on(NO_LSM).deny_exec.lost).toBe(LADDERS.deny_exec.rungs[1]?.limits);
  });

  it('is all of it where no rung works', () => {
    expect(on(NO_LSM).protect_itself).toMatchObject({ state: 'impossible', lost: 'Root can end Merlon.' });
  });

  it('is traffic on the interfaces without XDP in their driver', () => {
    const { drop_traffic: drop } = on({}, { generic: ['wlan0', 'usb0'] });
    expect(drop).toMatchObject({ state: 'degraded', rung: 0 });
    expect(drop.lost).toMatch(/^wlan0 and usb0: /);
    expect(drop.why).toBe('In the driver of eth0. The driver of wlan0 and usb0 has none.');
  });

  it('is not known of drivers that nobody asked, and refused where none has it', () => {
    expect(on({}, { native: [] }).drop_traffic).toMatchObject({ state: 'degraded', rung: 1 });
    expect(on({}, { native: [] }).drop_traffic.rungs[0]?.state).toBe('unknown');
    expect(on({}, { native: [], generic: ['wlan0'] }).drop_traffic.rungs[0]?.state).toBe('refused');
  });

  it('can be repaired only where something is lost', () => {
    expect(on(NO_LSM).deny_exec.repairs).toEqual(['bpf_lsm']);
    expect(on().deny_exec.repairs).toEqual([]);
  });
});

describe('without root', () => {
  it('nothing is known, not even what works by itself', () => {
    for (const { state, rung } of Object.values(on({}, { privileged: false })))
      expect([state, rung]).toEqual(['unknown', null]);
  });
});

describe('the sentence on top', () => {
  it.each<[string, Partial<Record<FeatureId, Feature>>, RegExp]>([
    ['no fexit', { 'prog.fexit': EPERM }, /but not the failed attempts of 32-bit programs\./],
    ['no tracing', { 'prog.tp_btf': EPERM }, /^Merlon sees nothing of what runs on this kernel\./],
    ['no LSM', NO_LSM, /by fanotify \(one rung below the strongest\) and cut .*; it cannot stop root/],
    [
      'only signals',
      { ...NO_LSM, 'fanotify.open_exec_perm': EPERM },
      /It could deny no program, only end it at its start/,
    ],
  ])('says so with %s', (_, changes, sentence) => {
    expect(summaryOf(on(changes), true)).toMatch(sentence);
  });
});

describe('the tables', () => {
  it('have every rung below the strongest say what it lacks', () => {
    for (const id of PROTECTION_IDS)
      LADDERS[id].rungs.forEach(({ limits }, i) =>
        expect([id, i, limits !== undefined]).toEqual([id, i, i > 0]),
      );
  });
});
