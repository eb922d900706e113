/** For tests: an engine that answers what a test tells it to, on a real Unix socket; and the real command line as a process. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { MAX_REQUEST_BYTES, parseWireRequest, type NoticeName, type NoticeOf } from '../shared/console.ts';
import type { ProcessSummary, Status } from '../shared/console.ts';
import { formatCursor, type Event, type EventFields } from '../shared/event.ts';
import { controlFrame, FRAME_CONTROL, FrameReader } from '../shared/frames.ts';
import { ownConfig } from '../shared/places.ts';
import { fail, ok, type Result } from '../shared/result.ts';

type Answer = (input: unknown) => Result<unknown> | Promise<Result<unknown>>;

export interface EngineDouble {
  readonly socket: string;
  /** Requests in the order in which they came. */
  readonly asked: readonly { readonly name: string; readonly input: unknown }[];
  answer(name: string, answer: Answer): void;
  notify<N extends NoticeName>(name: N, value: NoticeOf<N>): void;
  /** Ends every connection, as an engine that ends does. */
  hangUp(): void;
  close(): Promise<void>;
}

export async function engineDouble(): Promise<EngineDouble> {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-cli-'));
  const socket = join(folder, 'merlon.sock');
  const answers = new Map<string, Answer>();
  const asked: { name: string; input: unknown }[] = [];
  const peers = new Set<Socket>();
  const server = createServer((peer) => {
    peers.add(peer);
    peer.on('close', () => peers.delete(peer));
    peer.on('error', () => undefined);
    const reader = new FrameReader(new Map([[FRAME_CONTROL, MAX_REQUEST_BYTES]]));
    peer.on('data', (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) {
        const { id, request, input } = parseWireRequest(JSON.parse(Buffer.from(frame.payload).toString()));
        asked.push({ name: request, input });
        const answer =
          answers.get(request) ?? (() => fail('bad_request', `the double has no answer to ${request}`));
        const told = answer(input);
        if (told instanceof Promise) void told.then((late) => peer.write(controlFrame({ id, ...late })));
        else peer.write(controlFrame({ id, ...told }));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    asked,
    answer: (name, answer) => answers.set(name, answer),
    notify: (notice, value) => peers.forEach((peer) => peer.write(controlFrame({ notice, value }))),
    hangUp: () => peers.forEach((peer) => peer.end()),
    close: async () => {
      peers.forEach((peer) => peer.destroy());
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The store of a double: pages over events that are given oldest first. */
export function pagesOf(events: readonly Event[]): (input: unknown) => Result<unknown> {
  return (input) => {
    const { before, after, limit } = input as { before?: string; after?: string; limit: number };
    const at = (cursor: string) => events.findIndex((event) => event.cursor === cursor);
    if (after !== undefined) {
      const from = at(after) + 1;
      const page = events.slice(from, from + limit);
      return ok({ events: page, ...(from + limit < events.length ? { next: page.at(-1)?.cursor } : {}) });
    }
    const end = before === undefined ? events.length : at(before);
    const page = events.slice(Math.max(0, end - limit), end).reverse();
    return ok({ events: page, ...(end - limit > 0 ? { next: page.at(-1)?.cursor } : {}) });
  };
}

/**
 * The store of a double that loses patience after each event that it looks at: pages of one match, or of none, with how
 * far it came.
 */
export function impatientPagesOf(
  events: readonly Event[],
  matches: (event: Event) => boolean,
): (input: unknown) => Result<unknown> {
  return (input) => {
    const { before, after } = input as { before?: string; after?: string };
    const at = (cursor: string) => events.findIndex((event) => event.cursor === cursor);
    const place =
      after !== undefined ? at(after) + 1 : (before === undefined ? events.length : at(before)) - 1;
    const event = events[place];
    if (event === undefined) return ok({ events: [] });
    const of = after !== undefined ? events.length - place : place + 1;
    const reached = event.fields['@timestamp'];
    return ok({
      events: matches(event) ? [event] : [],
      ...(of > 1 ? { next: event.cursor, searched: { events: 1, of, reached } } : {}),
    });
  };
}

export function exec(sequence: number, fields: Partial<EventFields> = {}): Event {
  return {
    cursor: formatCursor({ boot: 1, timeNs: sequence * 1000, sequence }),
    fields: {
      '@timestamp': 1_700_000_000_000 + sequence,
      'event.action': 'exec',
      'process.pid': sequence,
      'process.name': 'true',
      'process.command_line': 'true',
      ...fields,
    },
  };
}

export const someStatus: Status = {
  engine: { version: '0.1.0', pid: 7, uptime_s: 61, rss_bytes: 100 << 20 },
  helper: { state: 'running', pid: 8, since: 1_700_000_000_000 },
  sensor: {
    attached: ['process_exec'],
    refused: [],
    events_per_s: 12,
    received: 1284,
    lost: 3,
    lost_by_type: { exec: 3 },
  },
  store: {
    path: '/data/merlon.db',
    bytes: 5 << 20,
    events: 1284,
    oldest: null,
    partitions: 2,
    damaged: [],
    damaged_partitions: 0,
  },
  host: { kernel: '6.18.0', boot_id: 'b' },
};

export function summary(
  pid: number,
  parent: number | null,
  fields: Partial<ProcessSummary> = {},
): ProcessSummary {
  return {
    entity_id: `e${pid}`,
    pid,
    ppid: parent ?? 0,
    parent_entity_id: parent === null ? null : `e${parent}`,
    name: `p${pid}`,
    executable: `/bin/p${pid}`,
    command_line: `p${pid} -x`,
    user: 'root',
    start: 1_700_000_000_000,
    end: null,
    exit_code: null,
    signal: null,
    container: null,
    unit: null,
    ...fields,
  };
}

export interface Told {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `merlon ARGS` as a process of its own, piped. */
export function merlon(
  args: readonly string[],
  socket: string,
): Promise<Told> & { readonly child: ChildProcess } {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'index.ts'), ...args], {
    env: { ...process.env, ...ownConfig(dirname(socket)), MERLON_SOCKET: socket, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const told = new Promise<Told>((resolve) => {
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return Object.assign(told, { child });
}

/** `merlon ARGS` at a terminal of its own, 120 columns wide (util-linux’s `script` has the other end of it). */
export function atTerminal(args: readonly string[], socket: string) {
  const words = [process.execPath, join(import.meta.dirname, 'index.ts'), ...args];
  const command = `stty cols 120; exec ${words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')}`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, MERLON_SOCKET: socket, NODE_OPTIONS: '', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    for (const watcher of watchers) watcher();
  });
  const ended = new Promise<{ code: number | null; text: string }>((resolve) => {
    child.on('close', (code) => {
      resolve({ code, text });
      for (const watcher of watchers) watcher();
    });
  });
  return {
    ended,
    type: (keys: string) => void child.stdin.write(keys),
    /** Resolves once it is on the screen. */
    shows: (what: RegExp) =>
      new Promise<void>((resolve, reject) => {
        const look = () => {
          if (what.test(text)) resolve();
          else if (child.exitCode !== null) reject(new Error(`it ended with ${child.exitCode}:\n${text}`));
          else return;
          watchers.delete(look);
        };
        watchers.add(look);
        look();
      }),
  };
}
