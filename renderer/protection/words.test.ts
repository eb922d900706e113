import { describe, expect, it, test } from 'vitest';
import { FEATURE_IDS, type CapabilityReport, type KernelForecast } from '../../shared/capabilities.ts';
import type { HelperState } from '../../shared/console.ts';
import { hasLadder, ladderOf, ladderWords } from './ladder.ts';
import { locksOf } from './locks.ts';
import { DENY_EXEC, MADE, protection, report, rung } from './report.double.ts';
import {
  countTried,
  errnoWords,
  fitWords,
  notTried,
  rungWords,
  sinceSentence,
  triedSentence,
} from './words.ts';

describe('what was tried', () => {
  const all = FEATURE_IDS.length;
  const { works, refused } = countTried(Object.values(report().bpf_features));
  const counts = `${works} of ${all} work, ${refused} were refused`;
  it('is counted and said in one sentence', () => {
    expect(triedSentence(report(), MADE)).toBe(`, tried 14:31:02 in 0.8 s: ${counts}.`);
  });

  it('says the day where it is another, and a short time in milliseconds', () => {
    const text = triedSentence(report({ took_ms: 84 }), MADE + 86_400_000);
    expect(text).toBe(`, tried 22 Nov 14:31:02 in 84 ms: ${counts}.`);
  });

  it('does not claim that anything was tried without root', () => {
    const features = Object.fromEntries(FEATURE_IDS.map((id) => [id, { state: 'untried' }]));
    const bpf_features = features as CapabilityReport['bpf_features'];
    expect(triedSentence(report({ bpf_features, privileged: false }), MADE)).toBe(
      `, looked at 14:31:02 without root: ${all} of ${all} were not tried.`,
    );
  });

  it('keeps what was not tried apart from what was refused', () => {
    const features = [{ state: 'works' }, { state: 'untried' }, { state: 'untried' }] as const;
    expect(countTried(features)).toEqual({ works: 1, refused: 0, untried: 2 });
  });
});

describe('what is new', () => {
  const last = { made: MADE, kernel_version: '6.12', same_boot: false, changes: [] };
  const change = {
    protection: 'deny_exec',
    before: 'works',
    after: 'degraded',
    rungs: [null, null],
  } as const;
  it.each([
    [null, ''],
    [last, 'Same as the last boot.'],
    [{ ...last, same_boot: true }, 'Same as the last time.'],
    [{ ...last, changes: [change] }, '1 change since the last boot.'],
    [{ ...last, changes: [change, change] }, '2 changes since the last boot.'],
  ])('%# is %j', (since_last, text) => expect(sinceSentence(report({ since_last }))).toBe(text));
});

describe('rungs', () => {
  it('have their number where they are not the strongest', () => {
    expect(rungWords(DENY_EXEC)).toBe('fanotify, rung 2 of 3');
    expect(rungWords(protection())).toBe('typed tracepoints');
    expect(rungWords(protection({ state: 'impossible', rung: null }))).toBe('none');
    expect(rungWords(protection({ state: 'unknown', rung: null }))).toBe('');
  });

  it('are drawn by what they are used for', () => {
    expect(ladderOf(DENY_EXEC)).toEqual(['refused', 'used', 'spare']);
    expect(ladderWords(DENY_EXEC)).toBe('BPF LSM refused, fanotify in use, SIGKILL at exec works too');
    expect(ladderOf(protection({ rung: null, rungs: [rung('a', 'unknown')] }))).toEqual(['unknown']);
  });

  it('are not drawn where there is one, and it works', () => {
    expect(hasLadder(DENY_EXEC)).toBe(true);
    expect(hasLadder(protection())).toBe(false);
    expect(
      hasLadder(protection({ state: 'impossible', rung: null, rungs: [rung('BPF LSM', 'refused')] })),
    ).toBe(true);
  });
});

describe('without root', () => {
  const helper = (state: HelperState, reason?: string) => ({
    state,
    pid: null,
    since: MADE,
    ...(reason === undefined ? {} : { reason }),
  });
  it.each<[HelperState, string | undefined]>([
    ['unasked', 'Ask for the password'],
    ['dismissed', 'Ask again'],
    ['not_authorised', 'Ask again'],
    ['failed', 'Start the helper'],
    ['stopped', 'Start the helper'],
    ['restarting', 'Start now'],
    ['authorising', undefined],
    ['starting', undefined],
    ['running', 'Probe now'],
  ])('%s offers %s', (state, label) =>
    expect(notTried('Why.', helper(state), MADE + 60_000).verb?.label).toBe(label),
  );

  it('waits for what was begun a moment ago', () => {
    expect(notTried('Why.', helper('running'), MADE + 1000)).toEqual({
      text: 'The kernel is being tried right now.',
    });
  });

  it('says the reason once', () => {
    expect(notTried('You said no.', helper('dismissed', 'You said no.'), MADE).text).toBe('You said no.');
    expect(notTried('It needs root.', helper('dismissed', 'You said no.'), MADE).text).toBe(
      'It needs root. You said no.',
    );
  });
});

test.each<[KernelForecast['state'], number, string]>([
  ['fits', 31, '31 of 31 sensor programs fit.'],
  ['partly', 29, '29 of 31 sensor programs fit.'],
  ['unknown', 0, ''],
])('a kernel that %s is said to', (state, fitting, text) =>
  expect(fitWords({ version: '6.1', state, programs: 31, fitting, findings: [] })).toBe(text),
);

test('an errno has words where they help, and nothing that an object has by itself', () => {
  expect(errnoWords('EPERM')).toBe('the kernel does not permit it');
  expect(errnoWords('constructor')).toBeUndefined();
});

describe('locks', () => {
  const words = (given: CapabilityReport) =>
    Object.fromEntries(locksOf(given).map(({ id, word }) => [id, word]));

  it('are words, not settings', () => {
    expect(words(report())).toEqual({
      lsm: 'listed, but refused',
      lockdown: 'off',
      jit: 'on',
      jit_harden: 'off',
      unprivileged_bpf: 'off until reboot',
      perf: 'level 2',
      kptr: 'hidden from users',
      modules: 'root may load them',
      signing: 'cannot be checked',
    });
  });

  it('are unknown where the kernel does not say', () => {
    const nothing = Object.fromEntries(
      Object.keys(report().hardening).map((key) => [key, null]),
    ) as unknown as CapabilityReport['hardening'];
    const lsm = { active: null, bpf_listed: null, bpf_works: null };
    for (const lock of locksOf(report({ hardening: nothing, lsm }))) expect(lock.word).toBeUndefined();
  });

  it.each([
    [true, true, 'works'],
    [false, false, 'not switched on'],
    [true, null, 'listed, not tried'],
    [null, false, 'refused'],
  ])('listed %s, working %s', (bpf_listed, bpf_works, word) =>
    expect(words(report({ lsm: { active: null, bpf_listed, bpf_works } }))['lsm']).toBe(word),
  );
});
