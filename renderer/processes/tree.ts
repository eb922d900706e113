/** From what runs to the rows of the list: who stands where, and what is folded or filtered away. Pure. */
import type { ProcessSummary, ProcessUsage } from '../../shared/console.ts';

export const SORT_KEYS = ['name', 'cpu', 'memory', 'start', 'user', 'container', 'unit', 'command'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export type Usages = ReadonlyMap<string, ProcessUsage>;

/** How a person wants to see it. */
export interface View {
  readonly sort: SortKey;
  readonly descending: boolean;
  readonly mode: 'tree' | 'list';
  readonly search: string;
  /** Processes whose children are folded away. */
  readonly collapsed: ReadonlySet<string>;
  /** Whether the kernel's threads are listed. */
  readonly kernel: boolean;
}

export interface Row {
  /** The entity id, or `KERNEL`. */
  readonly id: string;
  /** Undefined for the group of kernel threads. */
  readonly process: ProcessSummary | undefined;
  /** From 1. */
  readonly level: number;
  /** Among its siblings, from 1. */
  readonly position: number;
  readonly siblings: number;
  /** Undefined where it has no children to show. */
  readonly expanded: boolean | undefined;
  /** Only here because something below it matches. */
  readonly dimmed: boolean;
  /** For each level above its own: whether the line goes on to a later sibling there. */
  readonly guides: readonly boolean[];
}

export interface Rows {
  readonly rows: readonly Row[];
  readonly processes: number;
  readonly kernelThreads: number;
  /** How many match the search; all where there is none. */
  readonly matching: number;
  /** Whether any has one: a column in which nobody has anything is not shown. */
  readonly containers: boolean;
  readonly units: boolean;
}

export const KERNEL = 'kernel';

/** kthreadd, and what it made that has no program: a thread of the kernel, whatever its name says. */
export function isKernelThread({ executable, pid, ppid }: ProcessSummary): boolean {
  return executable === null && (ppid === 2 || (pid === 2 && ppid === 0));
}

/** Whether every word of the search occurs somewhere in what the list shows of the process. */
export function matcher(search: string): (process: ProcessSummary) => boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return () => true;
  return (process) => {
    const text = textOf(process);
    return words.every((word) => text.includes(word));
  };
}

/** Made once for each: with thousands of them it is what a letter more in the search would take longest for. */
const texts = new WeakMap<ProcessSummary, string>();

function textOf(process: ProcessSummary): string {
  const made = texts.get(process);
  if (made !== undefined) return made;
  const { name, pid, command_line: line, executable, user, container, container_name, unit } = process;
  const text = [name, pid, line, executable, user, container, container_name, unit].join('\n').toLowerCase();
  texts.set(process, text);
  return text;
}

export function buildRows(processes: Iterable<ProcessSummary>, usages: Usages, view: View): Rows {
  const user: ProcessSummary[] = [];
  const kernel: ProcessSummary[] = [];
  for (const each of processes) (isKernelThread(each) ? kernel : user).push(each);
  const matches = matcher(view.search);
  const searching = view.search.trim() !== '';
  const order = comparison(view, usages);
  const rows =
    view.mode === 'list'
      ? listRows(user.filter(matches).sort(order((each) => each)), 1, [])
      : treeRows(user, usages, view, matches, order);
  const threads = kernel.filter(matches).sort(order((each) => each));
  const roots = rows.filter(({ level }) => level === 1).length;
  if (threads.length > 0) rows.push(...kernelRows(threads, view.kernel || searching, roots));
  return {
    rows,
    processes: user.length,
    kernelThreads: kernel.length,
    containers: user.some(({ container }) => container !== null),
    units: user.some(({ unit }) => unit !== null),
    matching: searching ? user.filter(matches).length + threads.length : user.length + kernel.length,
  };
}

function kernelRows(threads: readonly ProcessSummary[], expanded: boolean, above: number): Row[] {
  const position = above + 1;
  const group = { id: KERNEL, process: undefined, level: 1, dimmed: false, guides: [] };
  return [
    { ...group, position, siblings: position, expanded },
    ...(expanded ? listRows(threads, 2, [false]) : []),
  ];
}

function listRows(processes: readonly ProcessSummary[], level: number, guides: readonly boolean[]): Row[] {
  return processes.map((process, at) => ({
    id: process.entity_id,
    process,
    level,
    position: at + 1,
    siblings: processes.length,
    expanded: undefined,
    dimmed: false,
    guides,
  }));
}

/** A process with its children, while the tree is built. */
interface Node {
  readonly process: ProcessSummary;
  readonly children: Node[];
  /** Whether it, or something below it, is to be shown. */
  wanted: boolean;
  matches: boolean;
  /** The process below it (or itself) by which it is sorted: the busiest, the largest. */
  best: ProcessSummary;
  placed: boolean;
}

type Order = <T>(of: (each: T) => ProcessSummary) => (a: T, b: T) => number;

function treeRows(
  processes: readonly ProcessSummary[],
  usages: Usages,
  view: View,
  matches: (process: ProcessSummary) => boolean,
  order: Order,
): Row[] {
  const searching = view.search.trim() !== '';
  const byBranch = view.sort === 'cpu' || view.sort === 'memory';
  const better = order<ProcessSummary>((each) => each);
  const roots = plant(processes, usages);
  for (const node of deepestFirst(roots)) {
    node.matches = matches(node.process);
    node.wanted = node.matches || node.children.some((child) => child.wanted);
    if (!byBranch) continue;
    for (const child of node.children) if (better(child.best, node.best) < 0) node.best = child.best;
  }
  const rows: Row[] = [];
  const compare = order<Node>((node) => node.best);
  const siblingsOf = (nodes: readonly Node[]) => nodes.filter((node) => node.wanted).sort(compare);
  const todo: { node: Node; position: number; siblings: number; guides: readonly boolean[] }[] = [];
  const push = (nodes: readonly Node[], guides: readonly boolean[]) => {
    for (let at = nodes.length - 1; at >= 0; at--)
      todo.push({ node: nodes[at]!, position: at + 1, siblings: nodes.length, guides });
  };
  push(siblingsOf(roots), []);
  for (let item = todo.pop(); item !== undefined; item = todo.pop()) {
    const { node, position, siblings, guides } = item;
    const children = siblingsOf(node.children);
    const open = searching || !view.collapsed.has(node.process.entity_id);
    rows.push({
      id: node.process.entity_id,
      process: node.process,
      level: guides.length + 1,
      position,
      siblings,
      expanded: children.length === 0 ? undefined : open,
      dimmed: !node.matches,
      guides,
    });
    if (open) push(children, [...guides, position < siblings]);
  }
  return rows;
}

/** The trees of what runs: under the parent of now, else under the one of birth. */
function plant(processes: readonly ProcessSummary[], usages: Usages): Node[] {
  const nodes = new Map<string, Node>();
  const running = new Map<number, Node>();
  for (const process of processes) {
    const node = { process, children: [], wanted: true, matches: true, best: process, placed: false };
    nodes.set(process.entity_id, node);
    if (process.end === null) running.set(process.pid, node);
  }
  const roots: Node[] = [];
  for (const node of nodes.values()) {
    const now = usages.get(node.process.entity_id)?.ppid;
    const parent =
      (now == null ? undefined : running.get(now)) ?? nodes.get(node.process.parent_entity_id ?? '');
    if (parent === undefined || parent === node) roots.push(node);
    else parent.children.push(node);
  }
  // What was read at different moments can go round in a circle; nobody may vanish by that.
  for (const node of deepestFirst(roots)) node.placed = true;
  for (const node of nodes.values()) {
    if (node.placed) continue;
    node.children.length = 0;
    roots.push(node);
  }
  return roots;
}

function deepestFirst(roots: readonly Node[]): Node[] {
  const found: Node[] = [];
  const todo = [...roots];
  for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
    found.push(node);
    todo.push(...node.children);
  }
  return found.reverse();
}

/** By the chosen column; what is unknown comes last either way, and equals keep the order of their starts. */
function comparison({ sort, descending }: View, usages: Usages): Order {
  const value = (process: ProcessSummary): number | string | null => {
    switch (sort) {
      case 'name':
        return process.name.toLowerCase();
      case 'cpu':
        return usages.get(process.entity_id)?.cpu_percent ?? null;
      case 'memory':
        return usages.get(process.entity_id)?.rss_bytes ?? null;
      case 'start':
        return process.start;
      case 'user':
        return process.user;
      case 'container':
        return process.container_name ?? process.container;
      case 'unit':
        return process.unit;
      case 'command':
        return process.command_line ?? process.executable;
    }
  };
  const sign = descending ? -1 : 1;
  return (of) => (first, second) => {
    const [a, b] = [of(first), of(second)];
    const [x, y] = [value(a), value(b)];
    if (x !== y) {
      if (x === null) return 1;
      if (y === null) return -1;
      return x < y ? -sign : sign;
    }
    return a.start - b.start || a.pid - b.pid;
  };
}
