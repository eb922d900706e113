import type { ProcessSummary, ProcessTree } from '../../shared/console.ts';
import type { EventFields } from '../../shared/event.ts';
import type { Clock } from '../clock.ts';
import type { Cgroups } from '../identity/cgroups.ts';
import type { Users } from '../identity/users.ts';
import { exitCodeOf, signalOf } from '../sensor/names.ts';
import type { Process, Processes } from '../sensor/processes.ts';
import type { Story } from '../store/contract.ts';

export interface SummarySources {
  readonly processes: Processes;
  readonly clock: Pick<Clock, 'wallOf'>;
  readonly users: Pick<Users, 'user'>;
  readonly cgroups: Pick<Cgroups, 'of' | 'containerName'>;
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
    container_name: (group && sources.cgroups.containerName(group)) ?? null,
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

/**
 * The tree of a process as the store tells it and, where the table knows better (what runs, what just began), the table.
 * @returns undefined where neither knows the process.
 */
export function treeOfStory(
  process: Process | undefined,
  story: Story | undefined,
  sources: SummarySources,
  limit: number,
): ProcessTree | undefined {
  const { processes } = sources;
  const own = process === undefined ? story && freshest(story.process, sources) : summaryOf(process, sources);
  if (own === undefined) return undefined;
  const summaries = (stored: readonly EventFields[] = []) =>
    stored.flatMap((fields) => freshest(fields, sources) ?? []);
  const near = process === undefined ? [] : processes.ancestors(process);
  const ancestors = unique([...near.map((each) => summaryOf(each, sources)), ...summaries(story?.ancestors)]);
  const below = process === undefined ? [] : processes.descendants(process);
  const descendants = unique([
    ...below.map((each) => summaryOf(each, sources)),
    ...summaries(story?.descendants),
  ]);
  return {
    ancestors: ancestors.reverse(),
    process: own,
    descendants: depthFirst(own.entity_id, descendants).slice(0, limit),
  };
}

/** A process that the store knows, as the table knows it where it still does. */
function freshest(fields: Readonly<EventFields>, sources: SummarySources): ProcessSummary | undefined {
  const known = sources.processes.byEntityId(fields['process.entity_id'] ?? '');
  return known === undefined ? storedSummary(fields) : summaryOf(known, sources);
}

const unique = (summaries: readonly ProcessSummary[]) => [
  ...new Map(summaries.map((summary) => [summary.entity_id, summary])).values(),
];

/** Siblings in the order of their starts. Who is not below the root is left out. */
function depthFirst(root: string, summaries: readonly ProcessSummary[]): ProcessSummary[] {
  const children = new Map<string, ProcessSummary[]>();
  for (const summary of summaries.toSorted((a, b) => b.start - a.start)) {
    if (summary.entity_id === root) continue;
    const parent = summary.parent_entity_id ?? '';
    children.set(parent, [...(children.get(parent) ?? []), summary]);
  }
  const found: ProcessSummary[] = [];
  const todo = [...(children.get(root) ?? [])];
  children.delete(root);
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    found.push(next);
    todo.push(...(children.get(next.entity_id) ?? []));
    children.delete(next.entity_id); // each once, whatever the data says
  }
  return found;
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
    container_name: fields['container.name'] ?? null,
    unit: fields['merlon.systemd.unit'] ?? null,
  };
}
