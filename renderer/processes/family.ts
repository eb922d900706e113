/** Who stands above and below a process now, rather than at its birth. Pure. */
import type { ProcessSummary } from '../../shared/console.ts';
import type { Usages } from './tree.ts';

export interface Family {
  readonly ancestors: readonly ProcessSummary[];
  readonly descendants: readonly ProcessSummary[];
  readonly parentOf: (process: ProcessSummary) => string | null;
}

/** Chains are short; what was read at different moments may go round in a circle. */
const MAX_DEPTH = 64;

/** @returns undefined where it does not run, or where nobody could look at parents. */
export function familyNow(
  entityId: string,
  processes: ReadonlyMap<string, ProcessSummary>,
  usages: Usages,
): Family | undefined {
  const own = processes.get(entityId);
  const ppid = usages.get(entityId)?.ppid;
  if (own === undefined || own.end !== null || ppid == null) return undefined;
  const byPid = new Map<number, ProcessSummary>();
  for (const process of processes.values()) if (process.end === null) byPid.set(process.pid, process);
  const parentOf = (process: ProcessSummary) => {
    const now = usages.get(process.entity_id)?.ppid;
    return (now == null ? undefined : byPid.get(now)?.entity_id) ?? null;
  };
  const ancestors: ProcessSummary[] = [];
  for (let id = parentOf(own); id !== null && ancestors.length < MAX_DEPTH;) {
    const process = processes.get(id);
    if (process === undefined || process === own || ancestors.includes(process)) break;
    ancestors.unshift(process);
    id = parentOf(process);
  }
  return { ancestors, descendants: below(own, byPid, parentOf), parentOf };
}

function below(
  own: ProcessSummary,
  running: ReadonlyMap<number, ProcessSummary>,
  parentOf: (process: ProcessSummary) => string | null,
): ProcessSummary[] {
  const children = new Map<string, ProcessSummary[]>();
  for (const process of running.values()) {
    const parent = parentOf(process);
    if (parent === null) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [process]);
    else siblings.push(process);
  }
  const found: ProcessSummary[] = [];
  const seen = new Set([own.entity_id]);
  const todo = [own];
  for (let process = todo.pop(); process !== undefined; process = todo.pop()) {
    for (const child of children.get(process.entity_id) ?? []) {
      if (seen.has(child.entity_id)) continue;
      seen.add(child.entity_id);
      found.push(child);
      todo.push(child);
    }
  }
  return found;
}
