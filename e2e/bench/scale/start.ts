/** The engine itself over a stored past: how soon it answers, and what memory it takes. */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connectEngine } from '../../../cli/connect.ts';
import { engineArgv } from '../../../shared/engine-argv.ts';
import { ownConfig } from '../../../shared/places.ts';
import { peakRssMiB, ROOT } from '../machine.ts';
import { KEEP_FLAGS, withCopy } from './folder.ts';

export interface Started {
  /** Milliseconds from the start of the process to the newest page. */
  readonly firstAnswer: number;
  /** Resident memory once every partition is open, at most, in MiB. */
  readonly peak: number;
}

/** @returns with its files not in memory, and then in memory, some times; a copy of the database is used. */
export function startOver(store: string, times: number): Promise<readonly [Started, Started[]]> {
  return withCopy(store, async (data) => {
    forgetFiles(data);
    const cold = await start(data);
    const warm: Started[] = [];
    for (let i = 0; i < times; i++) warm.push(await start(data));
    return [cold, warm];
  });
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

async function start(data: string): Promise<Started> {
  const folder = dirname(data);
  const socket = join(folder, 'merlon.sock');
  const flags = ['--data', data, '--socket', socket, ...KEEP_FLAGS];
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
