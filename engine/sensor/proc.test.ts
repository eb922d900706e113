import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readArguments } from './proc.ts';

const stat = readFileSync('/proc/self/stat', 'latin1');
const startNs = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) * 10_000_000;

test('reads the arguments of the very process, and of no other with its pid', () => {
  expect(readArguments(process.pid, startNs + 123)?.split('\0')[0]).toBe(process.argv0);
  expect(readArguments(process.pid, startNs + 20_000_000)).toBeUndefined();
  expect(readArguments(0x3fffff, startNs)).toBeUndefined();
});
