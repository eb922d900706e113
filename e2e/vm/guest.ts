/** One guest: boots under QEMU's emulation, runs until it powers itself off. */
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync, rmSync } from 'node:fs';

export interface GuestRun {
  /** The runner's TAP; empty where it did not come so far. */
  readonly tap: string;
  /** Everything that the guest wrote on its console. */
  readonly console: string;
  /** Why it ended, where it did not power itself off. */
  readonly problem?: string;
}

export interface GuestOptions {
  readonly image: string;
  readonly initramfs: string;
  /** Prefix of the files that it leaves: console and results. */
  readonly leave: string;
  readonly scale: number;
  /** On the kernel’s command line: security modules, lockdown. */
  readonly kernel: string;
  /** The one file of tests that it runs; all of them where it is absent. */
  readonly only?: string;
  readonly timeoutMs: number;
}

export async function runGuest({
  image,
  initramfs,
  leave,
  scale,
  kernel,
  only,
  timeoutMs,
}: GuestOptions): Promise<GuestRun> {
  const consoleFile = `${leave}.console.log`;
  const tapFile = `${leave}.tap`;
  for (const file of [consoleFile, tapFile]) rmSync(file, { force: true });
  // One thread for both processors: with one each, code that the kernel patches while it runs is now and then executed
  // half patched, and the guest dies of an int3 of its own.
  const qemu = spawn(
    'qemu-system-x86_64',
    [
      ...[
        '-accel',
        'tcg,thread=single',
        '-M',
        'q35',
        '-cpu',
        'max',
        '-smp',
        '2',
        '-m',
        '2048',
        '-nographic',
        '-no-reboot',
        '-nic',
        'none',
      ],
      ...['-monitor', 'none', '-serial', 'stdio', '-serial', `file:${tapFile}`],
      ...['-kernel', image, '-initrd', initramfs],
      '-append',
      `console=ttyS0 quiet panic=-1 ${kernel} merlon.scale=${scale}${only === undefined ? '' : ` merlon.only=${only}`}`,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const log = createWriteStream(consoleFile);
  qemu.stdout.pipe(log, { end: false });
  qemu.stderr.pipe(log, { end: false });
  let problem: string | undefined;
  const timer = setTimeout(() => {
    problem = `it did not end within ${Math.round(timeoutMs / 1000)} s`;
    qemu.kill('SIGKILL');
  }, timeoutMs);
  const code = await new Promise<number | null>((resolve) => {
    qemu.once('error', (error) => {
      problem = `QEMU did not start: ${error.message}`;
      resolve(null);
    });
    qemu.once('close', resolve);
  });
  clearTimeout(timer);
  await new Promise((resolve) => log.end(resolve));
  const text = existsSync(consoleFile) ? readFileSync(consoleFile, 'utf8') : '';
  if (problem === undefined && code !== 0) problem = `QEMU ended with exit code ${code}`;
  if (problem === undefined && !text.includes('merlon guest: done'))
    problem = 'it ended before its tests did';
  return {
    tap: existsSync(tapFile) ? readFileSync(tapFile, 'utf8') : '',
    console: text,
    ...(problem === undefined ? {} : { problem }),
  };
}
