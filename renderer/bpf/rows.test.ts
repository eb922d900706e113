import { describe, expect, it, test } from 'vitest';
import { map, process, program } from './inventory.double.ts';
import { inPlace, mapRows, programRows, type Filter, type ProgramKey } from './rows.ts';

const hook = {
  link: 7,
  type: 'perf_event',
  attach_type: 'kprobe',
  target: 'do_sys_openat2',
  detachable: false,
};
const PROGRAMS = [
  program(1, { owner: 'merlon', name: 'process_exec', runs: 90, cpu_percent: 0.2 }),
  program(2, { name: 'sd_devices', runs: 5, cpu_percent: 1 }),
  program(3, {
    owner: 'foreign',
    name: 'Opens',
    type: 'kprobe',
    loader: process('agentd', 41),
    attachments: [hook],
  }),
  program(4, { owner: 'foreign', concerns: ['sends_signals'], is_new: true, pins: ['/sys/fs/bpf/four'] }),
  program(5, { owner: 'package', is_new: true, cpu_percent: 0 }),
];

const ids = (
  search = '',
  filter: Filter = 'all',
  by: ProgramKey = 'notable',
  descending = false,
): readonly number[] => programRows(PROGRAMS, { search, filter }, { by, descending }).map(({ id }) => id);

describe('programs', () => {
  it('stand by how much they are worth a look', () => expect(ids()).toEqual([4, 5, 3, 2, 1]));

  test.each<[Filter, number[]]>([
    ['all', [1, 2, 3, 4, 5]],
    ['new', [4, 5]],
    ['foreign', [3, 4]],
    ['merlon', [1]],
  ])('are narrowed to %s', (filter, expected) => expect(ids('', filter).toSorted()).toEqual(expected));

  test.each([
    ['opens', [3]],
    ['KPROBE openat2', [3]],
    ['agentd', [3]],
    ['41', [3]],
    ['/sys/fs/bpf', [4]],
    ['sends signals', [4]],
    ['00112233445566ff', [1, 2, 3, 4, 5]],
    ['systemd', [2]],
    ['opens signals', []],
  ])('are found by %s', (search, expected) => expect(ids(search).toSorted()).toEqual(expected));

  it('are sorted by a column, what is unknown last either way', () => {
    expect(ids('', 'all', 'cpu', true)).toEqual([2, 1, 5, 3, 4]);
    expect(ids('', 'all', 'cpu')).toEqual([5, 1, 2, 3, 4]);
    expect(ids('', 'all', 'name')).toEqual([3, 4, 5, 1, 2]);
  });
});

test('maps are found by name, type, owner, holder and pin', () => {
  const maps = [
    map(1, { name: 'events', type: 'ringbuf', owner: 'merlon' }),
    map(2, { holders: [process('agentd', 9)], memory_bytes: 9 }),
  ];
  const found = (search: string, filter: Filter = 'all') =>
    mapRows(maps, { search, filter }, { by: 'memory', descending: true }).map(({ id }) => id);
  expect(found('')).toEqual([1, 2]);
  expect(found('ringbuf')).toEqual([1]);
  expect(found('agentd')).toEqual([2]);
  expect(found('', 'merlon')).toEqual([1]);
});

test('rows keep their places; what has come stands at the end, what has gone leaves no hole', () => {
  const rows = [program(9), program(2), program(5)];
  expect(inPlace(rows, [5, 7, 2]).map(({ id }) => id)).toEqual([5, 2, 9]);
  expect(inPlace(rows, undefined)).toBe(rows);
});
