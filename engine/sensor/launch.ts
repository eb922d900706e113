/** Starts the privileged helper, speaks its protocol, and says how it ended. */
import * as v from 'valibot';
import type { HelperState } from '../../shared/console.ts';
import {
  controlFrame,
  FRAME_CONTROL,
  FRAME_RECORDS,
  FrameError,
  FrameReader,
  type Frame,
} from '../../shared/frames.ts';
import {
  DEFAULT_RING_BYTES,
  HELPER_PROTOCOL,
  helperMessage,
  helperStats,
  MAX_CONTROL_BYTES,
  MAX_RECORDS_BYTES,
  startReply,
  type HelperCommand,
  type HelperErrorCode,
  type HelperMessage,
  type HelperStats,
  type StartReply,
} from '../../shared/helper.ts';
import { fail, type Result } from '../../shared/result.ts';
import { endingOf, endingOfBreach, endingOfFailure, endingOfMismatch, type Ending } from './ending.ts';
import { routeOf, spawnHelper } from './spawn.ts';

/** What the helper said of itself, and what it attached. */
export interface Running {
  readonly pid: number;
  readonly version: string;
  readonly capabilities: readonly string[];
  readonly reply: StartReply;
}

export interface LaunchOptions {
  /** Absolute path of merlon-helper; a script (.js, .mjs, .ts) is a test double, run by this process's own Node. */
  readonly file: string;
  /** Hash of the record layout that the engine was built with. */
  readonly layout: string;
  readonly ringBytes?: number;
  /** Whole records, back to back; valid during the call only. */
  readonly onRecords: (payload: Uint8Array) => void;
  /** What already ran has been streamed whole: the number of processes; 0 where the kernel could not say. */
  readonly onSnapshot: (processes: number) => void;
  readonly onState: (state: Extract<HelperState, 'starting' | 'authorising'>) => void;
  /** The sensors are attached. First records, and the snapshot's end, may have come before: in one piece with the answer. */
  readonly onRunning: (running: Running) => void;
  /** A line of the helper's or pkexec's stderr. */
  readonly onLog: (line: string) => void;
  /** Called once, last. */
  readonly onEnd: (ending: Ending) => void;
}

type Distribute<C> = C extends HelperCommand ? Omit<C, 'id'> : never;
export type HelperRequest = Distribute<HelperCommand>;
export type HelperReply<T> = Result<T, HelperErrorCode | 'gone'>;

export interface HelperProcess {
  /** Of pkexec until the helper runs; the same process afterwards. Null where nothing could be started. */
  readonly pid: number | null;
  /** What the helper answers; `gone` where it ended before it did. */
  request(command: HelperRequest): Promise<HelperReply<unknown>>;
  stats(): Promise<HelperReply<HelperStats>>;
  /** Stops reading: the pipe fills, then the kernel's ring. A frame or two may still be delivered. */
  pause(): void;
  resume(): void;
  /** Tells it to detach and end, by the end of its stdin; `onEnd` follows, after GRACE_MS at the latest. */
  stop(): void;
}

/** A parent that is not root cannot signal a root child: it is told, and given this long. */
const GRACE_MS = 3000;
/** Not under pkexec, where a person types a password first. */
const HELLO_MS = 30_000;
const LIMITS: ReadonlyMap<number, number> = new Map([
  [FRAME_CONTROL, MAX_CONTROL_BYTES],
  [FRAME_RECORDS, MAX_RECORDS_BYTES],
]);
const STDERR_KEPT = 4096;

/** Starts the helper. Never throws: every failure comes by `onEnd`. */
export function launchHelper(options: LaunchOptions): HelperProcess {
  const route = routeOf(options.file, process.getuid?.() ?? -1);
  const child = spawnHelper(route, options.file);
  const reader = new FrameReader(LIMITS);
  const waiting = new Map<number, (reply: HelperReply<unknown>) => void>();
  let lastId = 0;
  let greeted = false;
  let stderr = '';
  let spawnError: string | undefined;
  let decided: Ending | undefined; // before the process has ended
  let ended = false;
  let grace: NodeJS.Timeout | undefined;

  const finish = (how: Ending) => {
    if (ended) return;
    ended = true;
    clearTimeout(grace);
    clearTimeout(helloTimer);
    for (const settle of waiting.values()) settle(fail('gone', 'The helper ended before it answered.'));
    waiting.clear();
    options.onEnd(how);
  };

  const tellToEnd = (why: Ending) => {
    decided ??= why;
    if (ended || grace !== undefined) return;
    child.stdin.end();
    child.stdout.resume(); // a full pipe must not hold it up
    grace = setTimeout(() => {
      if (route !== 'pkexec') child.kill('SIGKILL');
      const late = `It (pid ${child.pid}) did not end within ${GRACE_MS / 1000} s of being told to.`;
      finish({ ...why, reason: `${why.reason} ${late}` });
    }, GRACE_MS);
  };
  const breach = (what: string) => tellToEnd(endingOfBreach(what));

  const request = (command: HelperRequest): Promise<HelperReply<unknown>> => {
    if (ended || decided !== undefined) return Promise.resolve(fail('gone', 'The helper is not running.'));
    const id = ++lastId;
    child.stdin.write(controlFrame({ id, ...command }));
    return new Promise((resolve) => waiting.set(id, resolve));
  };

  const greet = async (hello: Hello) => {
    if (greeted) return breach('a second hello');
    greeted = true;
    clearTimeout(helloTimer);
    options.onState('starting');
    const { protocol, layout, pid, version, capabilities } = hello;
    if (protocol !== HELPER_PROTOCOL || layout !== options.layout)
      return tellToEnd(endingOfMismatch(protocol));
    const ringBytes = options.ringBytes ?? DEFAULT_RING_BYTES;
    const reply = await request({ command: 'start', protocol, layout, ringBytes });
    if (!reply.ok) return tellToEnd(endingOfFailure(reply.error));
    const started = v.safeParse(startReply, reply.value);
    if (!started.success) return breach('an answer to start that is none');
    options.onRunning({ pid, version, capabilities, reply: started.output });
  };

  const receive = (message: HelperMessage) => {
    if ('notice' in message) {
      if (message.notice === 'hello') return void greet(message);
      return greeted ? options.onSnapshot(message.processes) : breach('a notice before hello');
    }
    const settle = waiting.get(message.id);
    if (settle === undefined) return breach('an answer to nothing');
    waiting.delete(message.id);
    if (message.ok) return settle(message);
    const { code, message: said, detail } = message.error;
    settle(fail(code, said, detail));
  };

  const takeFrame = ({ kind, payload }: Frame) => {
    if (kind === FRAME_RECORDS) return greeted ? options.onRecords(payload) : breach('records before hello');
    const message = parseMessage(payload);
    return message === undefined ? breach('a message that is none') : receive(message);
  };

  const takeChunk = (chunk: Buffer) => {
    // A plain view: a Buffer's slice would not copy.
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    try {
      for (const frame of reader.push(bytes)) {
        // Told to stop, it still hands over what it had read; after a breach nothing of it is believed.
        if (ended || (decided !== undefined && decided.state !== 'stopped')) return;
        takeFrame(frame);
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      breach(error.message);
    }
  };

  const finishBy = (code: number | null, signal: string | null) => {
    const failed = spawnError === undefined ? {} : { spawnError };
    const { midFrame } = reader;
    finish(
      decided ?? endingOf({ route, file: options.file, code, signal, ...failed, greeted, midFrame, stderr }),
    );
  };

  const helloTimer =
    route === 'pkexec' ? undefined : setTimeout(() => breach(`no hello in ${HELLO_MS / 1000} s`), HELLO_MS);
  options.onState(route === 'pkexec' ? 'authorising' : 'starting');
  child.stdout.on('data', takeChunk);
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT);
    for (const line of text.split('\n')) if (line.trim() !== '') options.onLog(line);
  });
  for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.on('error', () => {}); // 'close' tells its end
  child.on('error', (error: NodeJS.ErrnoException) => {
    spawnError ??= error.code ?? error.message;
    if (child.pid === undefined) finishBy(null, null);
  });
  child.on('close', finishBy);

  return {
    get pid() {
      return child.pid ?? null;
    },
    request,
    async stats() {
      const reply = await request({ command: 'stats' });
      if (!reply.ok) return reply;
      const parsed = v.safeParse(helperStats, reply.value);
      if (parsed.success) return { ok: true, value: parsed.output };
      breach('an answer to stats that is none');
      return fail('gone', 'The helper answered with something else.');
    },
    pause: () => void child.stdout.pause(),
    resume: () => void child.stdout.resume(),
    stop: () => tellToEnd({ state: 'stopped', reason: 'The engine ended the helper.', retry: false }),
  };
}

type Hello = Extract<HelperMessage, { notice: 'hello' }>;

const decoder = new TextDecoder('utf-8', { fatal: true });

function parseMessage(payload: Uint8Array): HelperMessage | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(decoder.decode(payload));
  } catch {
    return undefined;
  }
  const parsed = v.safeParse(helperMessage, raw);
  return parsed.success ? parsed.output : undefined;
}
