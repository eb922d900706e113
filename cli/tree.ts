/** merlon tree PID: where a process comes from, and what came of it. */
import type { ProcessSummary, ProcessTree } from '../shared/console.ts';
import { ask, json, readArgs, usage, type Command } from './command.ts';
import { visible } from './terminal.ts';

export const tree: Command = {
  name: 'tree',
  about: 'ancestors and descendants of a process',
  help: `merlon tree PID [--json]
merlon tree ENTITY_ID [--json]

Draws the ancestors and descendants of a process; the process itself is marked by an asterisk. A pid means the newest
process that had it; an entity id (field process.entity_id) means that process and no other.
  --json   one object: the oldest ancestor, with its children nested
`,
  prepare(args) {
    const { values, positionals } = readArgs('tree', args, { json: { type: 'boolean' } }, 1);
    const [which] = positionals;
    if (which === undefined) throw usage('tree', 'Name a pid');
    const input = /^\d+$/.test(which) ? { pid: Number(which) } : { entity_id: which };
    if (input.pid === 0 || (input.pid ?? 1) > 0x7fff_ffff) throw usage('tree', `${which} is no pid`);
    return async ({ console, out }) => {
      const root = nest(await ask(console, 'processes.tree', input));
      await out.write(values.json ? json(root) : draw(root, input));
    };
  },
};

export interface Node extends ProcessSummary {
  readonly children: Node[];
}

/** The flat tree of the contract as one nested object, from the oldest ancestor down. */
export function nest({ ancestors, process, descendants }: ProcessTree): Node {
  const nodes = new Map<string, Node>();
  const line = [...ancestors, process].map((p): Node => ({ ...p, children: [] }));
  for (const [i, node] of line.entries()) {
    nodes.set(node.entity_id, node);
    line[i - 1]?.children.push(node);
  }
  for (const summary of descendants) {
    const node: Node = { ...summary, children: [] };
    nodes.set(node.entity_id, node);
    // Without a known parent it still belongs here: under the process that was asked for.
    const parent = nodes.get(summary.parent_entity_id ?? '') ?? nodes.get(process.entity_id);
    parent?.children.push(node);
  }
  return line[0] ?? { ...process, children: [] };
}

function draw(root: Node, asked: { pid?: number; entity_id?: string }): string {
  const lines: string[] = [];
  const chosen = (node: Node) => node.entity_id === asked.entity_id || node.pid === asked.pid;
  // Iterative: a chain can be deeper than the stack.
  const todo: { node: Node; lead: string; mark: string; below: string }[] = [
    { node: root, lead: '', mark: '', below: '' },
  ];
  for (let item = todo.pop(); item !== undefined; item = todo.pop()) {
    const { node, lead, mark, below } = item;
    lines.push(`${lead}${mark}${describe(node)}${chosen(node) ? ' *' : ''}`);
    const inner = lead + below;
    for (const [i, child] of [...node.children].reverse().entries()) {
      const last = i === 0;
      todo.push({ node: child, lead: inner, mark: last ? '└─ ' : '├─ ', below: last ? '   ' : '│  ' });
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

function describe(p: ProcessSummary): string {
  const command = p.command_line ?? p.executable;
  const end =
    p.end === null
      ? ''
      : p.signal !== null
        ? ` (ended by ${p.signal})`
        : p.exit_code !== null
          ? ` (exit code ${p.exit_code})`
          : ' (ended)';
  const parts = [p.name, String(p.pid), p.user ?? '', command !== null && command !== p.name ? command : ''];
  return visible(parts.filter((part) => part !== '').join('  ')) + end;
}
