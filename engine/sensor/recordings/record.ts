/**
 * Records what the real helper sends while a few programs run, for the replay test. As root, in a built clone:
 *
 *     node engine/sensor/recordings/record.ts
 *
 * Only records of the programs started here are kept: they run with an empty environment in a folder under /tmp, so
 * that nothing of the machine gets into the recording but its kernel's numbers.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { decodeBatch } from '../decode.ts';
import { launchHelper } from '../launch.ts';
import { LAYOUT_HASH, recordSize } from '../records.generated.ts';

const HELPER = fileURLToPath(new URL('../../../out/helper/merlon-helper', import.meta.url));
const OUTPUT = fileURLToPath(new URL('./programs.bin', import.meta.url));

const STORY = `
./greet.sh --token=not-a-real-secret "$(printf 'caf\\303\\251 \\377')"
/nonexistent/program one two
(sleep 0.05 &)
sh -c 'kill -9 $$'
LD_PRELOAD=/nonexistent.so true 2>/dev/null
exit 3
`;

const batches: Buffer[] = [];
const ended = Promise.withResolvers<void>();
const snapshot = Promise.withResolvers<void>();
const helper = launchHelper({
  file: HELPER,
  layout: LAYOUT_HASH,
  onRecords: (payload) => void batches.push(Buffer.from(payload)),
  onSnapshot: () => snapshot.resolve(),
  onState: () => {},
  onRunning: () => {},
  onLog: (line) => console.error(line),
  onEnd: (ending) => {
    if (ending.state !== 'stopped') console.error(ending.reason);
    ended.resolve();
  },
});
await Promise.race([snapshot.promise, ended.promise]);

const folder = mkdtempSync('/tmp/merlon-recording-');
try {
  writeFileSync(join(folder, 'greet.sh'), '#!/bin/sh\nexec echo "$@"\n');
  chmodSync(join(folder, 'greet.sh'), 0o755);
  const shell = execFile('/bin/sh', ['-c', STORY], { cwd: folder, env: { PATH: '/usr/bin:/bin' } });
  await new Promise((resolve) => shell.once('exit', resolve));
  await wait(500);
  helper.stop();
  await ended.promise;
  const kept = ofTree(shell.pid ?? 0);
  writeFileSync(OUTPUT, kept);
  console.log(`${OUTPUT}: ${kept.length} bytes`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The live records of a process and everything that it started. */
function ofTree(root: number): Buffer {
  const pids = new Set([root]);
  const kept: Buffer[] = [];
  for (const batch of batches) {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    for (let at = 0; at < batch.length; at += recordSize(view, at)) {
      const one = batch.subarray(at, at + recordSize(view, at));
      const [record] = decodeBatch(one, () => {});
      if (record === undefined || record.kind === 'cgroup' || record.kind === 'running') continue;
      if (record.kind === 'fork' && pids.has(record.task.ppid)) pids.add(record.task.pid);
      if (pids.has(record.task.pid)) kept.push(one);
    }
  }
  return Buffer.concat(kept);
}
