/**
 * The exec storm on this machine, beside what a person would pick instead: nothing, Merlon (whole: kernel to store),
 * execsnoop of libbpf-tools, bpftrace and auditd, in rounds that alternate. How many of the execs each has named, how
 * fast the storm could go, and the tool's own processor time.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { RequestOut } from '../../shared/console.ts';
import { Engine, trigger } from '../kernel/harness.ts';
import { median, type Figure } from './figures.ts';
import { cpuSeconds, peakRssMiB, program, say, withTracefs } from './machine.ts';

const ROUNDS = 3;
const EXECS = 20_000;

interface Storm {
  readonly execs: number;
  readonly failed: number;
  readonly per_second: number;
}

/** Runs the storm; not in this process's way. */
export async function runStorm(execs: number, tag: string): Promise<Storm> {
  const child = spawn(trigger('storm'), ['-n', String(execs), '-a', '8', '-e', '40', '-t', tag], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  await new Promise((resolve) => child.once('close', resolve));
  return JSON.parse(text) as Storm;
}

interface Tool {
  readonly name: string;
  start(): Promise<void>;
  /** Waits until it has done with a storm that is over. */
  settle(): Promise<void>;
  /** Of the execs with this tag, how many it has named. Called when it has settled; what asking costs is not its cost. */
  captured(tag: string, execs: number): Promise<number>;
  /** Processor seconds so far. */
  cpu(): number;
  peakMiB(): number;
  stop(): Promise<void>;
}

export const storm = () => withTracefs(measure);

async function measure(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-bench-'));
  const tools = [nothing(), merlon(), ...rivals(folder)];
  const seen = new Map(
    tools.map(({ name }) => [
      name,
      { rate: [] as number[], share: [] as number[], cpu: [] as number[], rss: 0 },
    ]),
  );
  try {
    await runStorm(EXECS, 'warm-up');
    for (let round = 0; round < ROUNDS; round++) {
      for (const tool of tools) {
        say(`storm: round ${round + 1} of ${ROUNDS}, ${tool.name}`);
        const tag = `storm-${tool.name}-${round}`;
        await tool.start();
        try {
          const before = tool.cpu();
          const { per_second: rate } = await runStorm(EXECS, tag);
          await tool.settle();
          const figures = seen.get(tool.name)!;
          figures.cpu.push(((tool.cpu() - before) / EXECS) * 1e6);
          figures.rss = Math.max(figures.rss, tool.peakMiB());
          figures.rate.push(rate);
          figures.share.push(((await tool.captured(tag, EXECS)) / EXECS) * 100);
        } finally {
          await tool.stop();
        }
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return tools.flatMap(({ name }): Figure[] => {
    const { rate, share, cpu, rss } = seen.get(name)!;
    const figures: Figure[] = [
      {
        bench: 'storm',
        name: `${name}: rate of the storm`,
        value: median(rate),
        unit: 'execs/s',
        note: `median of ${ROUNDS}`,
      },
    ];
    if (name === 'nothing') return figures;
    return [
      ...figures,
      { bench: 'storm', name: `${name}: captured`, value: median(share), unit: '%' },
      { bench: 'storm', name: `${name}: its own processor time`, value: median(cpu), unit: 'µs per exec' },
      { bench: 'storm', name: `${name}: peak memory`, value: rss, unit: 'MiB' },
    ];
  });
}

function nothing(): Tool {
  return {
    name: 'nothing',
    start: async () => undefined,
    settle: async () => undefined,
    captured: async () => 0,
    cpu: () => 0,
    peakMiB: () => 0,
    stop: async () => undefined,
  };
}

function merlon(): Tool {
  let engine: Engine | undefined;
  let helper = 0;
  return {
    name: 'Merlon',
    start: async () => {
      engine = await Engine.start({ quiet: true });
      helper = (await engine.status()).helper.pid ?? 0;
    },
    settle: () => calm(engine!),
    captured: async (_tag, execs) => (await identities(engine!, execs)).size,
    cpu: () => cpuSeconds(engine!.pid) + cpuSeconds(helper),
    peakMiB: () => peakRssMiB(engine!.pid) + peakRssMiB(helper),
    stop: async () => engine?.end(),
  };
}

/**
 * The identities of the storm's programs in an engine's store (one storm an engine), once as many as expected are in
 * and nothing but the usual background comes any more, or a minute after.
 */
export async function identities(engine: Engine, expected: number): Promise<Set<string>> {
  const end = Date.now() + 60_000;
  for (;;) {
    await calm(engine);
    const found = await collect(engine);
    if (found.size >= expected || Date.now() > end) return found;
  }
}

/** Waits until fewer than 200 events/s come in. */
export async function calm(engine: Engine): Promise<void> {
  let before = -Infinity;
  for (;;) {
    const { events } = (await engine.status()).store;
    if (events - before < 100) return;
    before = events;
    await wait(500);
  }
}

async function collect(engine: Engine): Promise<Set<string>> {
  const found = new Set<string>();
  let before: string | undefined;
  do {
    const page: RequestOut<'events.page'> = await engine.ask('events.page', {
      query: 'event.action:exec and process.name:tiny',
      limit: 1000,
      ...(before === undefined ? {} : { before }),
    });
    for (const { fields } of page.events) found.add(fields['process.entity_id'] ?? '');
    before = page.next;
  } while (before !== undefined);
  return found;
}

/** A tool that prints a line for each exec. */
function printer(name: string, argv: readonly string[], folder: string, settleMs: number): Tool {
  const file = join(folder, name);
  let child: ChildProcess | undefined;
  return {
    name,
    start: async () => {
      const [program = '', ...args] = argv;
      child = spawn('sh', ['-c', 'exec "$@" > "$0" 2>&1', file, program, ...args], { stdio: 'ignore' });
      await wait(settleMs);
    },
    settle: () => settled(file),
    captured: async (tag) => count(readFileSync(file, 'latin1'), tag),
    cpu: () => cpuSeconds(child!.pid!),
    peakMiB: () => peakRssMiB(child!.pid!),
    stop: () => ended(child),
  };
}

function rivals(folder: string): Tool[] {
  const execsnoop = program('/usr/sbin/execsnoop');
  const bpftrace = program('/usr/bin/bpftrace');
  const auditd = program('/usr/sbin/auditd', '/sbin/auditd');
  const tools: Tool[] = [];
  if (execsnoop) tools.push(printer('execsnoop', [execsnoop, '-t'], folder, 3000));
  else say('storm: execsnoop is not installed, left out');
  if (bpftrace) {
    const script = 'tracepoint:syscalls:sys_enter_execve { printf("%d %s ", pid, comm); join(args->argv); }';
    tools.push(printer('bpftrace', [bpftrace, '-e', script], folder, 8000));
  } else say('storm: bpftrace is not installed, left out');
  if (auditd) tools.push(audit(auditd, folder));
  else say('storm: auditd is not installed, left out');
  return tools;
}

/** auditd with a configuration and a log of its own, and one rule; both are gone afterwards. */
function audit(auditd: string, folder: string): Tool {
  const log = join(folder, 'audit.log');
  const rule = ['always,exit', '-F', 'arch=b64', '-S', 'execve', '-k', 'merlon-bench'];
  let child: ChildProcess | undefined;
  return {
    name: 'auditd',
    start: async () => {
      const config = join(folder, 'audit');
      spawnSync('mkdir', ['-p', join(config, 'plugins.d')]);
      writeFileSync(
        join(config, 'auditd.conf'),
        `log_file = ${log}\nlog_format = RAW\nflush = INCREMENTAL_ASYNC\nfreq = 50\nmax_log_file = 2000\n` +
          `max_log_file_action = IGNORE\npriority_boost = 4\nspace_left = 75\nspace_left_action = IGNORE\n` +
          `admin_space_left = 50\nadmin_space_left_action = IGNORE\ndisk_full_action = IGNORE\ndisk_error_action = IGNORE\n`,
        { mode: 0o640 },
      );
      child = spawn(auditd, ['-n', '-c', config], { stdio: 'ignore' });
      await wait(1500);
      spawnSync('auditctl', ['-b', '65536']);
      spawnSync('auditctl', ['-a', ...rule]);
      spawnSync('auditctl', ['-e', '1']);
    },
    settle: () => settled(log),
    captured: async (tag) => count(readFileSync(log, 'latin1'), `a2="${tag}"`),
    cpu: () => cpuSeconds(child!.pid!) + kauditdCpu(),
    peakMiB: () => peakRssMiB(child!.pid!),
    stop: async () => {
      spawnSync('auditctl', ['-d', ...rule]);
      spawnSync('auditctl', ['-e', '0']);
      await ended(child);
    },
  };
}

/** The kernel's own thread that hands records to auditd. */
function kauditdCpu(): number {
  const { stdout } = spawnSync('pgrep', ['-x', 'kauditd'], { encoding: 'utf8' });
  const pid = Number(stdout.trim());
  return pid > 0 ? cpuSeconds(pid) : 0;
}

async function settled(file: string): Promise<void> {
  let size = -1;
  for (let turn = 0; turn < 40; turn++) {
    const now = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (now === size) return;
    size = now;
    await wait(700);
  }
}

function count(text: string, needle: string): number {
  let found = 0;
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + needle.length)) found++;
  return found;
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const over = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await over;
}
