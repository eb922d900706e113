import { describe, expect, test } from 'vitest';
import type { ProcessSummary, ProcessUsage } from '../../shared/console.ts';
import { buildRows, isKernelThread, KERNEL, type View } from './tree.ts';

const VIEW: View = {
  sort: 'start',
  descending: false,
  mode: 'tree',
  search: '',
  collapsed: new Set(),
  kernel: false,
};

function one(pid: number, parent: number, more: Partial<ProcessSummary> = {}): ProcessSummary {
  return {
    entity_id: `e${pid}`,
    pid,
    ppid: parent,
    parent_entity_id: parent === 0 ? null : `e${parent}`,
    name: `p${pid}`,
    executable: `/bin/p${pid}`,
    command_line: null,
    user: 'alex',
    start: pid,
    end: null,
    exit_code: null,
    signal: null,
    container: null,
    unit: null,
    ...more,
  };
}

const usage = (pid: number, more: Partial<ProcessUsage>): [string, ProcessUsage] => [
  `e${pid}`,
  { entity_id: `e${pid}`, cpu_time_ns: null, cpu_percent: null, rss_bytes: null, ppid: null, ...more },
];

/** Rows as a person reads them: indented, `+` folded, `-` open, parentheses around what is dimmed. */
function drawn(processes: readonly ProcessSummary[], view: Partial<View> = {}, usages = new Map()) {
  return buildRows(processes, usages, { ...VIEW, ...view }).rows.map(({ id, level, expanded, dimmed }) => {
    const sign = expanded === undefined ? '' : expanded ? '-' : '+';
    return '  '.repeat(level - 1) + sign + (dimmed ? `(${id})` : id);
  });
}

const FAMILY = [one(1, 0), one(10, 1), one(11, 10), one(12, 10), one(20, 1)];

describe('the tree', () => {
  test('children stand under their parents, siblings in the chosen order', () => {
    expect(drawn(FAMILY)).toEqual(['-e1', '  -e10', '    e11', '    e12', '  e20']);
    expect(drawn(FAMILY, { descending: true })).toEqual(['-e1', '  e20', '  -e10', '    e12', '    e11']);
  });

  test('what is folded hides what is below it', () => {
    expect(drawn(FAMILY, { collapsed: new Set(['e10']) })).toEqual(['-e1', '  +e10', '  e20']);
  });

  test('an orphan stands under the parent that it has now', () => {
    const orphan = one(30, 99);
    expect(drawn([...FAMILY, orphan])).toContain('e30');
    expect(drawn([...FAMILY, orphan], {}, new Map([usage(30, { ppid: 1 })]))).toContain('  e30');
  });

  test('a circle loses nobody', () => {
    const circle = new Map([usage(10, { ppid: 11 }), usage(11, { ppid: 10 })]);
    expect(
      drawn(FAMILY, {}, circle)
        .map((row) => row.replace(/[^e\d]/g, ''))
        .sort(),
    ).toEqual(['e1', 'e10', 'e11', 'e12', 'e20'].sort());
  });

  test('the branch with the busiest process comes first, and the unknown last', () => {
    const usages = new Map([
      usage(20, { cpu_percent: 40 }),
      usage(12, { cpu_percent: 90 }),
      usage(11, { cpu_percent: 0 }),
    ]);
    const view = { sort: 'cpu', descending: true } as const;
    expect(drawn([...FAMILY, one(13, 10)], view, usages)).toEqual([
      '-e1',
      '  -e10',
      '    e12',
      '    e11',
      '    e13',
      '  e20',
    ]);
  });

  test('lines go on where a later sibling comes', () => {
    const { rows } = buildRows(FAMILY, new Map(), VIEW);
    expect(rows.map(({ id, guides, position, siblings }) => [id, guides, position, siblings])).toEqual([
      ['e1', [], 1, 1],
      ['e10', [false], 1, 2],
      ['e11', [false, true], 1, 2],
      ['e12', [false, true], 2, 2],
      ['e20', [false], 2, 2],
    ]);
  });
});

describe('searching', () => {
  test('keeps the ancestors of what matches, dimmed, and opens what is folded', () => {
    expect(drawn(FAMILY, { search: 'P12', collapsed: new Set(['e10']) })).toEqual([
      '-(e1)',
      '  -(e10)',
      '    e12',
    ]);
  });

  test.each([
    ['a pid', '20', ['e20']],
    ['words that all occur somewhere', 'alex p11', ['e11']],
    ['nothing', 'alex p11 p12', []],
    ['a user', 'postgres', ['e40']],
    ['a container by its name', 'web-1', ['e41']],
  ])('%s', (_, search, ids) => {
    const more = [
      one(40, 1, { user: 'postgres' }),
      one(41, 1, { container: 'f00', container_name: 'web-1' }),
    ];
    const found = buildRows([...FAMILY, ...more], new Map(), { ...VIEW, mode: 'list', search });
    expect(found.rows.map(({ id }) => id)).toEqual(ids);
    expect(found.matching).toBe(ids.length);
  });
});

test('a list is flat and sorted by any column', () => {
  expect(drawn(FAMILY, { mode: 'list', sort: 'name', descending: true })).toEqual([
    'e20',
    'e12',
    'e11',
    'e10',
    'e1',
  ]);
});

describe('kernel threads', () => {
  const kthreadd = one(2, 0, { executable: null });
  const worker = one(5, 2, { executable: null, name: 'kworker/0:1' });

  test('are those without a program below kthreadd, whatever others call themselves', () => {
    expect([kthreadd, worker].map(isKernelThread)).toEqual([true, true]);
    expect(isKernelThread(one(7, 2, { name: 'kworker/0:2', executable: '/tmp/x' }))).toBe(false);
    expect(isKernelThread(one(8, 1, { name: 'kworker/0:3', executable: null }))).toBe(false);
  });

  test('are one folded group at the end, which a search opens', () => {
    const all = [...FAMILY, kthreadd, worker];
    expect(drawn(all).at(-1)).toBe(`+${KERNEL}`);
    expect(drawn(all, { kernel: true }).slice(-3)).toEqual([`-${KERNEL}`, '  e2', '  e5']);
    expect(drawn(all, { search: 'kworker' })).toEqual([`-${KERNEL}`, '  e5']);
    expect(buildRows(all, new Map(), VIEW)).toMatchObject({ processes: 5, kernelThreads: 2 });
  });
});
