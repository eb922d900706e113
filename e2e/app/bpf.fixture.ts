/** What BPF a host has, as the helper double says it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BpfOutput } from '../../shared/bpf.ts';
import type { World } from './world.ts';

type Program = BpfOutput['programs'][number];
type Attachment = BpfOutput['attachments'][number];

/** The pid that stands for the helper double's own. */
export const HELPER = 0;

function program(id: number, name: string, changes: Partial<Program> = {}): Program {
  return {
    id,
    type: 'cgroup_device',
    name,
    tag: id.toString(16).padStart(16, '0'),
    loaded_ns: id * 1e9,
    uid: 0,
    gpl: true,
    verified: 1200,
    translated_bytes: 2048,
    jited_bytes: 1300,
    memory_bytes: 8192,
    run_ns: 0,
    runs: 0,
    missed: 0,
    maps: [],
    powers: [],
    ...changes,
  };
}

function attachment(of: number, target: string, changes: Partial<Attachment> = {}): Attachment {
  return {
    program: of,
    link: 1000 + of,
    type: 'cgroup',
    attach_type: 'cgroup_device',
    target,
    detachable: true,
    ...changes,
  };
}

const RAW = { type: 'raw_tracepoint', attach_type: '', detachable: false } as const;
const KPROBE = { type: 'perf_event', attach_type: 'kprobe', detachable: false } as const;

/** Two of Merlon's, two of others, and one that can write into the memory of processes. */
export const BPF: BpfOutput = {
  taken_ms: 12,
  at_ns: 0,
  statistics: true,
  programs: [
    program(11, 'process_exec', { type: 'raw_tracepoint', maps: [1], runs: 12_000, run_ns: 9e6 }),
    program(12, 'process_exit', { type: 'raw_tracepoint', maps: [1], runs: 9000, run_ns: 4e6 }),
    program(21, 'sd_devices'),
    program(22, 'sd_devices'),
    program(31, 'spy_on_reads', { type: 'kprobe', maps: [2], powers: ['writes_user_memory'], runs: 40 }),
  ],
  maps: [
    {
      id: 1,
      type: 'ringbuf',
      name: 'events',
      key_bytes: 0,
      value_bytes: 0,
      max_entries: 8_388_608,
      memory_bytes: 8_400_000,
      frozen: false,
    },
    {
      id: 2,
      type: 'hash',
      name: 'reads',
      key_bytes: 8,
      value_bytes: 64,
      max_entries: 1024,
      memory_bytes: 90_000,
      frozen: true,
    },
  ],
  attachments: [
    attachment(11, 'sched_process_exec', RAW),
    attachment(12, 'sched_process_exit', RAW),
    attachment(21, '/system.slice/cups.service'),
    attachment(22, '/system.slice/ssh.service'),
    attachment(31, 'ksys_read', { ...KPROBE, link: null }),
  ],
  pins: [{ path: '/sys/fs/bpf/reads', kind: 'map', id: 2 }],
  holders: [
    { kind: 'program', id: 11, pid: HELPER, start_ticks: 1, comm: 'merlon-helper' },
    { kind: 'program', id: 12, pid: HELPER, start_ticks: 1, comm: 'merlon-helper' },
    { kind: 'map', id: 1, pid: HELPER, start_ticks: 1, comm: 'merlon-helper' },
    { kind: 'program', id: 31, pid: 4321, start_ticks: 1, comm: 'spy' },
  ],
  unread: [],
};

/** The same, some time later: one more, and one less. */
export const LATER: BpfOutput = {
  ...BPF,
  programs: [
    ...BPF.programs.filter(({ id }) => id !== 22),
    program(41, 'came_later', { type: 'xdp', powers: null }),
  ],
  attachments: [
    ...BPF.attachments.filter(({ program: of }) => of !== 22),
    attachment(41, 'eth0', { type: 'xdp', attach_type: 'xdp' }),
  ],
};

const EVIL = '\u202e<img src=x onerror="document.title=1">\u0007';

/** All that can be named is hostile. */
export const HOSTILE_BPF: BpfOutput = {
  ...BPF,
  programs: [
    ...BPF.programs,
    program(51, EVIL, { type: EVIL, tag: EVIL, maps: [3] }),
    program(52, 'w'.repeat(900)),
  ],
  maps: [...BPF.maps, { ...(BPF.maps[1] as BpfOutput['maps'][number]), id: 3, name: EVIL, type: EVIL }],
  attachments: [...BPF.attachments, attachment(51, EVIL, { type: EVIL, attach_type: EVIL })],
  pins: [...BPF.pins, { path: EVIL, kind: 'program', id: 51 }],
  holders: [...BPF.holders, { kind: 'program', id: 51, pid: 4322, start_ticks: 1, comm: EVIL }],
  unread: [EVIL],
};

/** As many as a host with many services and containers has. */
export const MANY: BpfOutput = {
  ...BPF,
  programs: [...BPF.programs, ...Array.from({ length: 400 }, (_, at) => program(100 + at, `sd_fw_${at}`))],
};

/** From now on that is what there is; null: the helper cannot say. */
export function giveBpf(world: World, output: BpfOutput | null): void {
  writeFileSync(join(world.folder, 'double.sock.bpf'), JSON.stringify(output));
}
