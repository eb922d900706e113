import { describe, expect, it } from 'vitest';
import { capabilitiesOf, PrivilegeError } from './privileges.ts';

const KEPT = '000000c000000004';

function status(part: Partial<Record<string, string>> = {}): string {
  const fields = {
    CapInh: KEPT,
    CapPrm: KEPT,
    CapEff: KEPT,
    CapBnd: KEPT,
    CapAmb: KEPT,
    NoNewPrivs: '1',
    ...part,
  };
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}:\t${value}\n`)
    .join('');
}

describe('a thread’s privileges', () => {
  it('are named when they are what the helper needs', () => {
    expect(capabilitiesOf(status())).toEqual(['CAP_DAC_READ_SEARCH', 'CAP_PERFMON', 'CAP_BPF']);
  });

  it('may be fewer', () => {
    expect(capabilitiesOf(status({ CapEff: '0000008000000000' }))).toEqual(['CAP_BPF']);
  });

  it.each(['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])('are refused with one more in %s', (set) => {
    expect(() => capabilitiesOf(status({ [set]: '000000c000000005' }))).toThrow(PrivilegeError);
  });

  it('are refused without no-new-privs', () => {
    expect(() => capabilitiesOf(status({ NoNewPrivs: '0' }))).toThrow(/no-new-privs is off/);
  });

  it('are refused where the kernel does not name a set', () => {
    expect(() => capabilitiesOf(status({ CapAmb: undefined }))).toThrow(/has no CapAmb/);
  });
});
