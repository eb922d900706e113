import { describe, expect, test } from 'vitest';
import {
  ARGS_FROM_PROC,
  capabilityNames,
  deviceName,
  errorName,
  exitCodeOf,
  flagNames,
  signalName,
  signalOf,
  streamName,
} from './names.ts';

describe('names', () => {
  test('capabilities are read from the lowest bit, beyond 32 too', () => {
    expect(capabilityNames(0)).toEqual([]);
    expect(capabilityNames(1 + 2 ** 21 + 2 ** 39)).toEqual(['CAP_CHOWN', 'CAP_SYS_ADMIN', 'CAP_BPF']);
    expect(capabilityNames(2 ** 41 - 1)).toHaveLength(41);
    expect(capabilityNames(2 ** 45)).toEqual(['CAP_45']);
  });

  test.each([
    [0, 0, undefined],
    [0x0300, 3, undefined],
    [0xff00, 255, undefined],
    [9, 137, 'SIGKILL'],
    [11 | 0x80, 139, 'SIGSEGV'],
    [36, 164, 'SIGRTMIN+2'],
  ])('status %i is exit code %i by signal %s', (status, code, signal) => {
    expect([exitCodeOf(status), signalOf(status)]).toEqual([code, signal]);
  });

  test('flags are words; missing arguments that /proc gave are not incomplete', () => {
    expect(flagNames(0)).toBeUndefined();
    expect(flagNames(1 | (1 << 12))).toEqual(['memfd', 'env_cut']);
    expect(flagNames(1 << 13)).toEqual(['incomplete']);
    expect(flagNames((1 << 13) | ARGS_FROM_PROC)).toEqual(['args_from_proc']);
  });

  test('numbers without a name stay numbers', () => {
    expect([errorName(2), errorName(9999)]).toEqual(['ENOENT', 'errno 9999']);
    expect([signalName(15), signalName(33)]).toEqual(['SIGTERM', 'signal 33']);
    expect([streamName(2), streamName(77)]).toEqual(['pipe', 'other']);
    expect(deviceName((254 << 20) | 3)).toBe('254:3');
    expect(deviceName(0xfff00001)).toBe('4095:1');
  });
});
