/** For tests: what a helper might say of a host's BPF, and who runs there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BpfInventory, BpfOutput, BpfProcess, BpfProgram } from '../../shared/bpf.ts';
import { ok, type Result } from '../../shared/result.ts';
import { Processes, type ImageFile } from '../sensor/processes.ts';
import type { Actor } from './actors.ts';
import { EveryonesBpf, type EveryonesBpfOptions, type Finding } from './index.ts';
import type { OwnerFacts } from './owner.ts';

type OutputProgram = BpfOutput['programs'][number];
type OutputAttachment = BpfOutput['attachments'][number];

export const HELPER_PID = 700;
export const BOOT = '0c6a3f2e-1111-4222-8333-444455556666';

/** Of the host's own files, as the kernel tells it: on 8:1, of which `Host` has its root. */
const HOST_FILE: ImageFile = {
  ...{ mountNamespace: 99, device: (8 << 20) | 1, inode: '0', isStrange: false, isContained: false },
  unit: undefined,
};

interface RunFields {
  readonly uid?: number;
  readonly fileUid?: bigint;
  readonly file?: Partial<ImageFile>;
  readonly isOwnProbe?: boolean;
}

export const program = (id: number, fields: Partial<OutputProgram> = {}): OutputProgram => ({
  id,
  type: 'tracing',
  name: `p${id}`,
  tag: id.toString(16).padStart(16, '0'),
  loaded_ns: id * 1e9,
  uid: 0,
  gpl: true,
  verified: 100,
  translated_bytes: 800,
  jited_bytes: 500,
  memory_bytes: 4096,
  run_ns: 0,
  runs: 0,
  missed: 0,
  maps: [],
  powers: [],
  ...fields,
});

export const attachment = (ofProgram: number, fields: Partial<OutputAttachment> = {}): OutputAttachment => ({
  program: ofProgram,
  link: ofProgram + 10_000,
  type: 'tracing',
  attach_type: 'trace_raw_tp',
  target: 'sched_process_exec',
  detachable: false,
  ...fields,
});

export const bpfMap = (id: number, fields: Partial<BpfOutput['maps'][number]> = {}) => ({
  ...{ id, type: 'hash', name: `m${id}`, key_bytes: 4, value_bytes: 8, max_entries: 16 },
  ...{ memory_bytes: 4096, frozen: false, ...fields },
});

export const holder = (pid: number, id: number, fields: Partial<BpfOutput['holders'][number]> = {}) => ({
  ...{ kind: 'program' as const, id, pid, start_ticks: pid * 100, comm: `c${pid}` },
  ...fields,
});

export const output = (fields: Partial<BpfOutput> = {}): BpfOutput => ({
  taken_ms: 12,
  at_ns: 1000e9,
  statistics: false,
  programs: [],
  maps: [],
  attachments: [],
  pins: [],
  holders: [],
  unread: [],
  ...fields,
});

export const process = (pid: number, executable: string | null): BpfProcess => ({
  pid,
  entity_id: `e${pid}`,
  name: executable?.split('/').at(-1) ?? `c${pid}`,
  executable,
  user: 'root',
});

export const actor = (pid: number, executable: string | null, fields: Partial<Actor> = {}): Actor => ({
  process: process(pid, executable),
  uid: 0,
  isMerlon: false,
  isProbe: false,
  file: executable === null ? null : 'roots',
  package: null,
  isInstalled: executable !== null && (fields.file ?? 'roots') === 'roots',
  ...fields,
});

export const facts = (fields: Partial<OwnerFacts> = {}): OwnerFacts => ({
  ...{ type: 'tracing', name: 'p', uid: 0, powers: [], loader: null, holders: [], pins: [], cgroups: [] },
  ...{ isTwin: false, isNamesake: false, ...fields },
});

/** A host with a helper of Merlon's, whose BPF is what a test says it is. */
export class Host {
  readonly folder: string;
  readonly processes = new Processes(BOOT);
  readonly found: Finding[] = [];
  readonly logged: string[] = [];
  readonly changed: BpfInventory[] = [];
  output = output();
  answer: (() => Promise<Result<BpfOutput, 'not_sensing' | 'inventory_failed'>>) | undefined;
  asked = 0;
  helperPid: number | null = HELPER_PID;
  nowNs = 1000e9;
  files = new Map<string, { uid: bigint; mode: bigint; ino: bigint }>();
  mountinfo = '1 0 8:1 / / rw - ext4 /dev/sda1 rw\n';

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'merlon-bpf-'));
    this.runs(1, '/usr/lib/systemd/systemd');
    this.runs(HELPER_PID, '/opt/merlon/node');
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A process that began at `pid` seconds, root's by default. */
  runs(
    pid: number,
    executable: string,
    { uid = 0, fileUid = 0n, file = {}, isOwnProbe = false }: RunFields = {},
  ): void {
    const startNs = pid * 1e9 + 3_000_000;
    const task = { pid, start_ns: startNs, ppid: 0, parent_start_ns: 0, uid, comm: `c${pid}` };
    const name = executable.split('/').at(-1);
    const its = { ...HOST_FILE, inode: String(pid), ...file };
    const image = { name, executable, commandLine: undefined, file: its, isOwnProbe, weight: 0 };
    this.processes.executed({ task, cgroupId: '1' }, image);
    this.files.set(executable, { uid: fileUid, mode: 0o755n, ino: BigInt(pid) });
  }

  /** The process loads a program, as the sensor tells it. */
  loads(bpf: EveryonesBpf, pid: number, id: number, tag = program(id).tag): void {
    const { image, entityId } = this.processes.newest(pid) ?? {};
    const executable = image?.executable ?? null;
    bpf.loaded(id, tag, { ...process(pid, executable), entity_id: entityId ?? null }, image);
  }

  /** The process ends. */
  ends(pid: number, atNs = this.nowNs): void {
    const { startNs = 0 } = this.processes.newest(pid) ?? {};
    const task = { pid, start_ns: startNs, ppid: 0, parent_start_ns: 0, uid: 0, comm: '' };
    this.processes.exited({ task, cgroupId: '1' }, 0, atNs);
  }

  engine(fields: Partial<EveryonesBpfOptions> = {}): EveryonesBpf {
    return new EveryonesBpf({
      bootId: BOOT,
      ask: () => {
        this.asked += 1;
        return this.answer?.() ?? Promise.resolve(ok(this.output));
      },
      folder: this.folder,
      processes: this.processes,
      users: { user: (uid) => (uid === 0 ? 'root' : undefined) },
      clock: { bootNs: () => this.nowNs, wallOf: (ns) => 1_700_000_000_000 + ns / 1e6 },
      mountNamespace: HOST_FILE.mountNamespace,
      mountinfo: () => this.mountinfo,
      hasPackages: () => false,
      own: () => new Set(['process_exec', 'merlon_a_long_name']),
      helperPid: () => this.helperPid,
      stat: (path) => {
        const found = this.files.get(path.toString());
        if (found === undefined) throw new Error('ENOENT');
        return found;
      },
      onFound: (finding) => this.found.push(finding),
      onChanged: (inventory) => this.changed.push(inventory),
      log: (line) => this.logged.push(line),
      ...fields,
    });
  }

  /** What was told, as `id what`. */
  get told(): readonly string[] {
    return this.found.map(({ program: { id }, what }) => `${id} ${what}`);
  }
}

/** The value of an answer that must not fail. */
export async function valueOf(answer: Promise<Result<BpfInventory>>): Promise<BpfInventory> {
  const result = await answer;
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

export function byId({ programs }: BpfInventory, id: number): BpfProgram {
  const found = programs.find((each) => each.id === id);
  if (found === undefined) throw new Error(`there is no program ${id}`);
  return found;
}
