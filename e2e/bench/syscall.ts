/** What a cheap system call costs, in ns, with nothing attached and under Merlon and its rivals, in alternating rounds. */
import { spawn, spawnSync } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { Engine, trigger } from '../kernel/harness.ts';
import { median, type Figure } from './figures.ts';
import { program, say, withTracefs } from './machine.ts';

const ROUNDS = 5;

export const syscall = () => withTracefs(measure);

async function measure(): Promise<Figure[]> {
  const alone: number[] = [];
  const merlon: number[] = [];
  const raw: number[] = [];
  const bpftrace = program('/usr/bin/bpftrace');
  for (let round = 0; round < ROUNDS; round++) {
    say(`syscall: round ${round + 1} of ${ROUNDS}`);
    alone.push(perCall());
    const engine = await Engine.start({ quiet: true });
    try {
      await wait(500);
      merlon.push(perCall());
    } finally {
      await engine.end();
    }
    if (bpftrace === undefined) continue;
    const child = spawn(bpftrace, ['-e', 'tracepoint:raw_syscalls:sys_exit { @ = 1; }'], { stdio: 'ignore' });
    const over = new Promise((resolve) => child.once('close', resolve));
    try {
      const early = await Promise.race([over.then(() => true), wait(4000, false)]);
      if (early) say('syscall: bpftrace ended by itself, left out of this round');
      else raw.push(perCall() - alone[round]!);
    } finally {
      child.kill('SIGTERM');
      await over;
    }
  }
  const more = median(merlon.map((ns, round) => ns - alone[round]!));
  const figures: Figure[] = [
    { bench: 'syscall', name: 'getppid, nothing attached', value: median(alone), unit: 'ns' },
    {
      bench: 'syscall',
      name: 'getppid under Merlon',
      value: more,
      unit: 'ns more',
      aim: '≤ 5 ns',
      reached: more <= 5,
      note: `median of ${ROUNDS} alternating rounds`,
    },
  ];
  if (raw.length > 0)
    figures.push({
      bench: 'syscall',
      name: 'getppid under a sys_exit program of bpftrace',
      value: median(raw),
      unit: 'ns more',
    });
  return figures;
}

function perCall(): number {
  const { stdout } = spawnSync(trigger('syscall_loop'), ['200000'], { encoding: 'utf8' });
  return (JSON.parse(stdout) as { ns: number }).ns;
}
