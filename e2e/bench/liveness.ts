/** What it costs to know that one sees: the whole report, beside bpftool's own; canaries and looks at files, each alone. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { MEAN_WAIT_MS } from '../../engine/liveness/canaries.ts';
import { Guard, LOOK_EVERY_MS } from '../../engine/liveness/guard.ts';
import { Sender } from '../../engine/liveness/sender.ts';
import { median, type Figure } from './figures.ts';
import { program, ROOT, say } from './machine.ts';

const ROUNDS = 5;
const LOOKS = 100;
const CANARIES = 200;
const TICK_MS = 10; // USER_HZ is 100 on every Linux port

export async function liveness(): Promise<Figure[]> {
  return [...report(), ...(await idleCost())];
}

function report(): Figure[] {
  const cli = [process.execPath, join(ROOT, 'out/cli/index.js'), 'capabilities', '--json'];
  const bpftool = program('/usr/sbin/bpftool', '/usr/bin/bpftool');
  const own: number[] = [];
  const theirs: number[] = [];
  say(`liveness: ${ROUNDS} reports, alternated`);
  for (let round = 0; round < ROUNDS; round++) {
    own.push(timed(cli, { MERLON_SOCKET: join(tmpdir(), 'merlon-bench-nobody.sock') }));
    if (bpftool !== undefined) theirs.push(timed([bpftool, '-j', 'feature', 'probe', 'kernel']));
  }
  const value = median(own);
  return [
    {
      bench: 'liveness',
      name: 'full report, no engine running',
      value,
      unit: 'ms',
      aim: '≤ 2,000 ms',
      reached: value <= 2000,
      note: `median of ${ROUNDS}; the start of Node is in it`,
    },
    {
      bench: 'liveness',
      name: 'bpftool feature probe kernel',
      value: theirs.length === 0 ? 'not installed' : median(theirs),
      unit: theirs.length === 0 ? '' : 'ms',
      note: 'loads programs of each type with each helper, attaches none',
    },
  ];
}

/** Milliseconds that a program takes, whatever it answers. */
function timed([command = '', ...args]: readonly string[], env: NodeJS.ProcessEnv = {}): number {
  const begun = performance.now();
  const { error } = spawnSync(command, args, { stdio: 'ignore', env: { ...process.env, ...env } });
  if (error !== undefined) throw error;
  return performance.now() - begun;
}

async function idleCost(): Promise<Figure[]> {
  say(`liveness: ${LOOKS} looks and ${CANARIES} canaries`);
  const look = lookMs();
  const canary = await canaryMs();
  const share = (look / LOOK_EVERY_MS + canary / MEAN_WAIT_MS) * 100;
  return [
    { bench: 'liveness', name: 'a look at Merlon’s own files', value: look, unit: 'ms of a core' },
    { bench: 'liveness', name: 'a canary, executed', value: canary, unit: 'ms of a core' },
    {
      bench: 'liveness',
      name: 'idle cost of both',
      value: share,
      unit: '% of one core',
      aim: '≤ 0.2 %',
      reached: share <= 0.2,
      note: 'by how often they come; what helper and engine do with three records is not in it',
    },
  ];
}

function lookMs(): number {
  const data = mkdtempSync(join(tmpdir(), 'merlon-bench-guard-'));
  try {
    const guard = new Guard({
      programs: ['helper', 'engine', 'cli', 'main', 'preload', 'renderer'].map((name) =>
        join(ROOT, 'out', name),
      ),
      data,
      socket: join(data, 'none.sock'),
      partitions: () => 0,
      onFound: () => {},
    });
    guard.look();
    const before = process.cpuUsage();
    for (let i = 0; i < LOOKS; i++) guard.look();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / LOOKS;
  } finally {
    rmSync(data, { recursive: true });
  }
}

/** Of the process that executes them, its children, and this one's part. */
async function canaryMs(): Promise<number> {
  const sender = new Sender(join(ROOT, 'out/engine/merlon-canary'), say);
  const send = () => new Promise<void>((resolve) => sender.send('word', resolve));
  const ticks = () => {
    const stat = readFileSync(`/proc/${sender.pid ?? 0}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0);
  };
  try {
    await send();
    const before = { ticks: ticks(), own: process.cpuUsage() };
    for (let i = 0; i < CANARIES; i++) {
      await send();
      await wait(2);
    }
    const { user, system } = process.cpuUsage(before.own);
    return ((ticks() - before.ticks) * TICK_MS + (user + system) / 1000) / CANARIES;
  } finally {
    sender.stop();
  }
}
