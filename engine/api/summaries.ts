import type { ProcessSummary, ProcessTree } from '../../shared/console.ts';
import type { EventFields } from '../../shared/event.ts';
import type { Clock } from '../clock.ts';
import type { Cgroups } from '../identity/cgroups.ts';
import type { Users } from '../identity/users.ts';
import { exitCodeOf, signalOf } from '../sensor/names.ts';
import type { Process, Processes } from '../sensor/processes.ts';

export interface SummarySources {
  readonly processes: Processes;
  readonly clock: Pick<Clock, 'wallOf'>;
  readonly users: Pick<Users, 'user'>;
  readonly cgroups: Pick<Cgroups, 'of'>;
  /** The newest fields that the store knows of a process. */
  readonly stored: (entityId: string) => Promise<Readonly<EventFields> | undefined>;
}

const MAX_ANCESTORS = 64;

/** A process of the table, as faces show it. */
export function summaryOf(process: Process, sources: SummarySources): ProcessSummary {
  const { clock, processes, users } = sources;
  const { image, status } = process;
  const group = sources.cgroups.of(process.cgroupId, process.pid);
  return {
    entity_id: process.entityId,
    pid: process.pid,
    ppid: process.ppid,
    parent_entity_id: process.ppid === 0 ? null : processes.entityId(process.ppid, process.parentStartNs),
    name: image?.name ?? process.comm,
    executable: image?.executable ?? null,
    command_line: image?.commandLine ?? null,
    user: users.user(process.uid) ?? String(process.uid),
    start: clock.wallOf(process.startNs),
    end: process.endNs === undefined ? null : clock.wallOf(process.endNs),
    exit_code: status === undefined ? null : exitCodeOf(status),
    signal: status === undefined ? null : (signalOf(status) ?? null),
    container: group?.containerId ?? null,
    unit: group?.unit ?? null,
  };
}

/** What runs now, oldest first. */
export function runningProcesses(sources: SummarySources): ProcessSummary[] {
  const running: Process[] = [];
  for (const process of sources.processes.all()) if (process.endNs === undefined) running.push(process);
  running.sort((a, b) => a.startNs - b.startNs);
  return running.map((process) => summaryOf(process, sources));
}

/** The tree around a process; ancestors that left the table come from the store. */
export async function treeOf(process: Process, sources: SummarySources): Promise<ProcessTree> {
  const near = sources.processes.ancestors(process);
  const oldest = near.at(-1) ?? process;
  const own = summaryOf(process, sources);
  const ancestors = near.map((each) => summaryOf(each, sources));
  const descendants = sources.processes.descendants(process).map((each) => summaryOf(each, sources));
  const far = await storedAncestors(summaryOf(oldest, sources).parent_entity_id, sources);
  return { ancestors: [...ancestors, ...far].reverse(), process: own, descendants };
}

/** The tree of a process that has left the table: itself and its ancestors, as the store knows them. */
export async function storedTree(
  entityId: string,
  sources: SummarySources,
): Promise<ProcessTree | undefined> {
  const fields = await sources.stored(entityId);
  const process = fields === undefined ? undefined : storedSummary(fields);
  if (process === undefined) return undefined;
  const ancestors = await storedAncestors(process.parent_entity_id, sources);
  return { ancestors: ancestors.reverse(), process, descendants: [] };
}

/** From the parent upwards. */
async function storedAncestors(parent: string | null, sources: SummarySources): Promise<ProcessSummary[]> {
  const found: ProcessSummary[] = [];
  const seen = new Set<string>();
  for (let id = parent; id !== null && found.length < MAX_ANCESTORS && !seen.has(id);) {
    seen.add(id);
    const known = sources.processes.byEntityId(id);
    const fields = known === undefined ? await sources.stored(id) : undefined;
    const summary = known !== undefined ? summaryOf(known, sources) : fields && storedSummary(fields);
    if (summary === undefined) break;
    found.push(summary);
    id = summary.parent_entity_id;
  }
  return found;
}

function storedSummary(fields: Readonly<EventFields>): ProcessSummary | undefined {
  const entityId = fields['process.entity_id'];
  const pid = fields['process.pid'];
  if (entityId === undefined || pid === undefined) return undefined;
  return {
    entity_id: entityId,
    pid,
    ppid: fields['process.parent.pid'] ?? 0,
    parent_entity_id: fields['process.parent.entity_id'] ?? null,
    name: fields['process.name'] ?? fields['merlon.process.comm'] ?? '',
    executable: fields['process.executable'] ?? null,
    command_line: fields['process.command_line'] ?? null,
    user: fields['user.name'] ?? fields['user.id'] ?? null,
    start: fields['process.start'] ?? fields['@timestamp'] ?? 0,
    end: fields['process.end'] ?? null,
    exit_code: fields['process.exit_code'] ?? null,
    signal: fields['merlon.exit.signal'] ?? null,
    container: fields['container.id'] ?? null,
    unit: fields['merlon.systemd.unit'] ?? null,
  };
}
