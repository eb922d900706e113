import { describe, expect, it, test } from 'vitest';
import type { BpfOwner } from '../../shared/bpf.ts';
import { AT, BASELINE, inventory, program } from './inventory.double.ts';
import {
  attachedText,
  concernSentence,
  cpuText,
  headline,
  percent,
  powersText,
  runsText,
  when,
} from './words.ts';

const many = (n: number, owner: BpfOwner, from: number) =>
  Array.from({ length: n }, (_, at) => program(from + at, { owner }));
const gone = { type: 'kprobe', name: 'old', tag: 'ff', owner: 'foreign', target: 'x' } as const;

describe('the sentence on top', () => {
  it('says how many there are, whose, and what is new', () => {
    const programs = [...many(12, 'merlon', 1), ...many(2, 'systemd', 20), ...many(1, 'container', 30)];
    const added = program(99, { owner: 'foreign', is_new: true });
    expect(headline(inventory({ programs: [...programs, added] }), AT)).toBe(
      '16 programs: 12 Merlon’s, 2 systemd’s, 1 a container’s, 1 foreign; 1 is new since 12\u00a0Nov.',
    );
  });

  test.each([
    [{ gone: [gone] }, '1 is gone since'],
    [{ gone: [gone], programs: [program(1, { is_new: true })] }, '1 is new and 1 gone since'],
    [{}, 'none is new or gone since'],
    [{ baseline: null }, 'there is nothing to compare them with yet.'],
    [{ baseline: BASELINE, programs: [] }, 'No BPF program is listed.'],
  ])('with %j', (changes, words) =>
    expect(headline(inventory({ programs: [program(1)], ...changes }), AT)).toContain(words),
  );

  it('says how many want a look', () => {
    const odd = program(1, { owner: 'foreign', concerns: ['our_hook'] });
    const plain = program(2, { owner: 'foreign' });
    expect(concernSentence([plain])).toBe('');
    expect(concernSentence([odd])).toBe('The foreign one is worth a look.');
    expect(concernSentence([odd, plain])).toBe('1 of the foreign ones is worth a look.');
    expect(concernSentence([odd, odd])).toBe('All of the foreign ones are worth a look.');
  });
});

test.each([
  [0, '0 %'],
  [0.001, '< 0.01 %'],
  [0.06, '0.06 %'],
  [4.21, '4.2 %'],
  [112, '112 %'],
])('%d percent is %s', (value, text) => expect(percent(value)).toBe(text));

test('what is not measured is a word, never 0', () => {
  expect(runsText(program(1), false)).toBe('unknown');
  expect(runsText(program(1), true)).toBe('0');
  expect(cpuText(program(1), false)).toBe('unknown');
  expect(cpuText(program(1), true)).toBe('…');
  expect(powersText([])).toEqual([
    expect.stringMatching(/^None that Merlon looks for.*are not looked at\.$/),
  ]);
  expect(powersText(null)).toEqual(['The kernel does not show its instructions, so nobody knows.']);
});

test('where it hangs is one place, and how many more', () => {
  const at = { link: null, type: 'xdp', attach_type: 'xdp', target: 'eth0', detachable: false };
  expect(attachedText(program(1))).toBe('');
  expect(attachedText(program(1, { attachments: [at] }))).toBe('eth0');
  expect(attachedText(program(1, { attachments: [{ ...at, target: '' }, at] }))).toBe('xdp +1');
});

test('when is a clock today, and a date before', () => {
  expect(when(AT, AT)).toBe('14:31:02');
  expect(when(BASELINE, AT)).toBe('12 Nov 09:00');
});
