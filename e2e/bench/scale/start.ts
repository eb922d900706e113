/** The engine itself over a stored past: how soon it answers, and what memory it takes. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connectEngine } from '../../../cli/connect.ts';
import { engineArgv } from '../../../shared/engine-argv.ts';
import { ownConfig } from '../../../shared/places.ts';
import { peakRssMiB, ROOT } from '../machine.ts';

const KEEP = ['--keep-days', '36500', '--keep-gib', '1024'];

export interface Started {
  /** Milliseconds from the start of the process to the newest page. */
  readonly firstAnswer: number;
  /** Resident memory once every partition is open, at most, in MiB. */
  readonly peak: number;
}

/**
 * @param store the folder of a database, of which a copy is used: an engine adds to what it opens.
 * @returns with its files not in memory, and then in memory, some times.
 */
export async function startOver(store: string, times: number): Promise<readonly [Started, Started[]]> {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-bench-start-'));
  try {
    const data = join(folder, 'data');
    cpSync(store, data, { recursive: true });
    forgetFiles(data);
    const cold = await start(folder, data);
    const warm: Started[] = [];
    for (let i = 0; i < times; i++) warm.push(await start(folder, data));
    return [cold, warm];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the kernel has of these files in memory is let go, theirs alone. */
function forgetFiles(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    spawnSync('dd', [`of=${path}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'], {
      stdio: 'ignore',
    });
  }
}

async function start(folder: string, data: string): Promise<Started> {
  const socket = join(folder, 'merlon.sock');
  const flags = ['--data', data, '--socket', socket, ...KEEP];
  const begun = performance.now();
  const child = spawn(process.execPath, engineArgv(join(ROOT, 'out/engine/index.js'), flags), {
    stdio: 'ignore',
    env: { ...process.env, ...ownConfig(folder) },
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    for (;;) {
      const connection = await connectEngine(socket);
      if (connection.ok) {
        const page = await connection.value.console.request('events.page', { query: '', limit: 100 });
        const firstAnswer = performance.now() - begun;
        if (!page.ok || page.value.events.length !== 100) throw new Error('the engine did not answer');
        await wait(5000);
        const peak = peakRssMiB(child.pid ?? 0);
        connection.value.close();
        return { firstAnswer, peak };
      }
      if (child.exitCode !== null) throw new Error(`the engine ended with ${child.exitCode}`);
      await wait(2);
    }
  } finally {
    child.kill();
    await ended;
  }
}
