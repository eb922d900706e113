import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BPF_COMMANDS } from '../../shared/event.ts';
import { attachType, commandName, linkType, programType } from './bpf-names.ts';

const HEADER = new URL('../../bpf/vmlinux/x86_64/vmlinux.h', import.meta.url);

/** The members of an enumeration of the kernel: number and name, in small letters and without the prefix. */
function members(name: string, prefix: string): (readonly [number, string])[] {
  const text = readFileSync(HEADER, 'utf8');
  const body = new RegExp(`^enum ${name} \\{\n(.*?)^\\}`, 'ms').exec(text)?.[1] ?? '';
  return [...body.matchAll(/^\t(\w+) = (\d+)/gm)]
    .map(([, member = '', number]) => [Number(number), member] as const)
    .filter(([, member]) => member.startsWith(prefix))
    .map(([number, member]) => [number, member.slice(prefix.length).toLowerCase()]);
}

test.each([
  ['bpf_prog_type', 'BPF_PROG_TYPE_', programType, 33],
  ['bpf_attach_type', 'BPF_', (number: number) => attachType(number, 8), 58],
  ['bpf_link_type', 'BPF_LINK_TYPE_', linkType, 15],
])('names of enum %s are the kernel’s', (name, prefix, nameOf, count) => {
  const known = members(name, prefix);
  expect(known).toHaveLength(count);
  expect(known.map(([number]) => nameOf(number))).toEqual(known.map(([, text]) => text));
  expect(nameOf(999)).toBe('type 999');
});

test('names of commands are the kernel’s', () => {
  const known = members('bpf_cmd', 'BPF_');
  const told = known.flatMap(([number]) => commandName(number) ?? []);
  expect(new Set(told)).toEqual(new Set(BPF_COMMANDS));
  for (const [number, text] of known) expect([undefined, text]).toContain(commandName(number));
});
