/**
 * An engine's part, by a user who is not root: starts the helper, and says what happened as lines of JSON.
 * Arguments: the helper's path, and optionally what else: `dismisses` (an authentication agent that does), `probe` (the
 * helper is asked to try the kernel instead).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { runProbe } from '../../engine/capabilities/probing.ts';
import { LAYOUT_HASH } from '../../engine/sensor/records.generated.ts';
import { launchHelper } from '../../engine/sensor/launch.ts';
import { dismissingAgent } from './polkit-agent.ts';

const [, , file = '', agent = ''] = process.argv;
const NOBODY = 65534;
const say = (line: Record<string, unknown>) => process.stdout.write(`${JSON.stringify(line)}\n`);

// Modules are loaded by now: nobody may not be able to read the clone.
setPriority(0);
process.chdir('/');
process.setgroups?.([NOBODY]);
process.setgid?.(NOBODY);
process.setuid?.(NOBODY);
if (agent === 'dismisses') await dismissingAgent(process.pid);
if (agent === 'probe') {
  const probed = await runProbe(file, (line) => say({ log: line }));
  say({ probed: probed.ok ? probed.value.features : probed.error });
  process.exit();
}

/** The sets of every thread, as the kernel prints them. */
function threadsOf(pid: number): Record<string, string>[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
    const names = ['Uid', 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs'];
    return Object.fromEntries(
      names.map((n) => [n, new RegExp(`^${n}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '']),
    );
  });
}

/** nice and policy (0 SCHED_OTHER, 2 SCHED_RR) of a thread: fields 19 and 41 of its stat, proc(5). */
function scheduling(pid: number, thread: number): { nice: number; policy: number } {
  const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  return { nice: fields[16] ?? NaN, policy: fields[38] ?? NaN };
}

function otherThreads(): number[] {
  return readdirSync('/proc/self/task')
    .map(Number)
    .filter((thread) => thread !== process.pid);
}

let bytes = 0;
const helper = launchHelper({
  file,
  layout: LAYOUT_HASH,
  onState: (state) => say({ state }),
  onLog: (line) => say({ log: line }),
  onRecords: (payload) => (bytes += payload.length),
  onRunning: ({ pid, capabilities, reply }) => say({ running: { pid, capabilities, ...reply } }),
  onSnapshot: (processes) => {
    const pid = helper.pid ?? 0;
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const umask = /^Umask:\s*(\d+)/m.exec(status)?.[1];
    say({
      snapshot: processes,
      bytes,
      threads: threadsOf(pid),
      umask,
      policy: scheduling(pid, pid).policy,
      mainPolicy: scheduling(process.pid, process.pid).policy,
      otherNices: otherThreads().map((thread) => scheduling(process.pid, thread).nice),
    });
    helper.stop();
  },
  onEnd: (ending) => {
    say({ ending });
    process.exit(0);
  },
});
