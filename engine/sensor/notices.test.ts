import { describe, expect, test } from 'vitest';
import { capabilitiesChanged, clockStepped, gapEvent, sensorStopped } from './notices.ts';

const context = { bootId: 'b', clock: { wallOf: (ns: number) => 1000 + ns / 1e6 } };

describe('Merlon’s own events', () => {
  test('a gap has its span, its reason and its count', () => {
    const gap = { reason: 'ring_overflow', beginNs: 1e6, endNs: 39e6, lost: 1204 } as const;
    expect(gapEvent(context, gap, 7)).toMatchObject({
      '@timestamp': 1039,
      'event.kind': 'state',
      'event.action': 'gap',
      'event.sequence': 7,
      'event.start': 1001,
      'event.end': 1039,
      'event.duration': 38e6,
      'merlon.gap.lost': 1204,
      message: '1,204 events were lost in 38 ms: the kernel queue was full.',
    });
  });

  test('a gap whose losses nobody can know has no count', () => {
    const gap = { reason: 'helper_lost', beginNs: 0, endNs: 7e9, lost: undefined } as const;
    const fields = gapEvent(context, gap, 1);
    expect(fields).not.toHaveProperty('merlon.gap.lost');
    expect(fields.message).toBe(
      'Not sensing for 7.00 s: the helper ended. What happened meanwhile is not known.',
    );
  });

  test.each([
    [-3_600_000, 'The wall clock was set back by 60 min 0 s. The order of events is not touched.'],
    [800, 'The wall clock was set forward by 800 ms. The order of events is not touched.'],
  ])('a clock set by %i ms reads: %s', (byMs, message) => {
    expect(clockStepped(context, 5e6, 2, { byMs, at: 0 })).toMatchObject({
      'event.action': 'clock_stepped',
      'event.duration': Math.abs(byMs) * 1e6,
      message,
    });
  });

  test.each([
    ['works', 'degraded', 'failure'],
    ['impossible', 'works', 'success'],
  ] as const)('a protection that was %s and is %s is a %s', (before, after, outcome) => {
    const change = { protection: 'deny_exec', before, after, rungs: ['BPF LSM', null] } as const;
    expect(
      capabilitiesChanged(context, 0, 1, { ...change, title: 'A program before it runs' }),
    ).toMatchObject({
      'event.action': 'capabilities_changed',
      'event.outcome': outcome,
      'event.reason': `deny_exec: ${before}, now ${after}`,
      message: expect.stringMatching(
        /^“A program before it runs” was .* \(BPF LSM\) and is .* now \(nothing\)/,
      ) as unknown,
    });
  });

  test('a sensor that stopped says why', () => {
    expect(sensorStopped(context, 0, 1, 'The helper ended by SIGKILL.').message).toBe(
      'The sensor was detached. The helper ended by SIGKILL.',
    );
  });
});
