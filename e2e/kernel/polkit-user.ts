/**
 * An engine's part, by a user who is not root: starts the helper, and says what happened as lines of JSON.
 * Arguments: the helper's path, and optionally the path of a program to start first (an authentication agent).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
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

/** 0 SCHED_OTHER, 2 SCHED_RR: field 41 of /proc/PID/stat, proc(5). */
function schedulingPolicy(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38]);
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
      nice: getPriority(),
      policy: schedulingPolicy(pid),
    });
    helper.stop();
  },
  onEnd: (ending) => {
    say({ ending });
    process.exit(0);
  },
});
