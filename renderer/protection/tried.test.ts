import { expect, test } from 'vitest';
import { report } from './report.double.ts';
import { featuresOf, findFeatures, groupsOf } from './tried.ts';

const all = featuresOf(report().bpf_features);
const ids = (query: string) => findFeatures(all, query).map(({ id }) => id);

test('what was refused comes first, then the rest by its kind', () => {
  const [refused, ...rest] = groupsOf(all);
  expect(refused?.id).toBe('refused');
  expect(refused?.features.map(({ id }) => id)).toContain('prog.lsm');
  expect(rest.map(({ id }) => id)).toEqual(['programs', 'maps', 'helpers', 'bpf', 'calls']);
});

test('every feature is in one group', () => {
  const listed = groupsOf(all).flatMap(({ features }) => features.map(({ id }) => id));
  expect(listed.toSorted()).toEqual(all.map(({ id }) => id).toSorted());
});

test('every word has to be found, in whatever is known of it', () => {
  expect(ids('lsm')).toEqual(['prog.lsm', 'prog.lsm_sleepable', 'prog.lsm_cgroup']);
  expect(ids('EPERM kprobe')).toEqual(['prog.kprobe']);
  expect(ids('  ')).toHaveLength(all.length);
  expect(ids('nothing-like-it')).toEqual([]);
});

test('what a report of another version lacks was not tried', () => {
  const [first] = groupsOf(featuresOf({}));
  expect(first?.id).toBe('untried');
  expect(first?.features).toHaveLength(all.length);
});
