/** For tests: what an engine would say of the host's BPF. */
import type { BpfInventory, BpfMap, BpfProcess, BpfProgram } from '../../shared/bpf.ts';

export const AT = new Date(2026, 10, 22, 14, 31, 2).getTime();
export const BASELINE = new Date(2026, 10, 12, 9, 0).getTime();

export function process(name: string, pid: number): BpfProcess {
  return { pid, entity_id: `b.${pid}`, name, executable: `/usr/bin/${name}`, user: 'root' };
}

export function program(id: number, changes: Partial<BpfProgram> = {}): BpfProgram {
  return {
    id,
    type: 'cgroup_skb',
    name: `p${id}`,
    tag: '00112233445566ff',
    loaded: AT - id * 1000,
    user: 'root',
    loader: null,
    holders: [],
    owner: 'systemd',
    owner_why: 'systemd holds it.',
    attachments: [],
    pins: [],
    maps: [],
    gpl: true,
    verified: 0,
    translated_bytes: 64,
    jited_bytes: 64,
    memory_bytes: 4096,
    run_ns: 0,
    runs: 0,
    missed: 0,
    cpu_percent: null,
    powers: [],
    concerns: [],
    is_new: false,
    ...changes,
  };
}

export function map(id: number, changes: Partial<BpfMap> = {}): BpfMap {
  return {
    id,
    type: 'hash',
    name: `m${id}`,
    key_bytes: 4,
    value_bytes: 8,
    max_entries: 16,
    memory_bytes: 4096,
    frozen: false,
    programs: [],
    holders: [],
    pins: [],
    owner: 'foreign',
    ...changes,
  };
}

export function inventory(changes: Partial<BpfInventory> = {}): BpfInventory {
  return {
    at: AT,
    statistics: true,
    programs: [],
    maps: [],
    gone: [],
    baseline: BASELINE,
    unread: [],
    ...changes,
  };
}
