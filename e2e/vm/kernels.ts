/** Debian's cloud kernels, fetched and unpacked into the cache; nothing is installed. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Kernel series that the sensor promises to run on, and how Debian names their packages. */
export const SERIES: Readonly<Record<string, RegExp>> = {
  '6.1': /^linux-image-6\.1\.[\d.+-]+-cloud-amd64$/,
  '6.12': /^linux-image-6\.12\.[\d.+]+deb\d+-cloud-amd64$/,
};

/** The path of a bootable image of the series: from the cache, else fetched. @throws Error where apt has none */
export function kernelImage(series: string, cache: string, say: (line: string) => void): string {
  const folder = join(cache, `linux-${series}`);
  const cached = imageIn(folder);
  if (cached !== undefined) return cached;
  const name = newest(series) ?? refreshed(series);
  if (name === undefined) throw new Error(`apt knows no Debian cloud kernel ${series}`);
  say(`vm: fetching ${name} (unpacked into .cache/, not installed)`);

  const work = `${folder}.new`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  if (!tryRun('apt-get', ['download', name], work)) {
    tryRun('apt-get', ['update', '-q'], work);
    if (!tryRun('apt-get', ['download', name], work)) throw new Error(`apt-get could not download ${name}`);
  }
  const archive = readdirSync(work).find((file) => file.endsWith('.deb'));
  if (archive === undefined) throw new Error(`apt-get left no package for ${name}`);
  if (!tryRun('dpkg', ['-x', archive, 'tree'], work)) throw new Error(`dpkg could not unpack ${archive}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  renameSync(join(work, 'tree/boot'), join(folder, 'boot'));
  rmSync(work, { recursive: true, force: true });
  const image = imageIn(folder);
  if (image === undefined) throw new Error(`${name} holds no kernel image`);
  return image;
}

function imageIn(folder: string): string | undefined {
  const boot = join(folder, 'boot');
  if (!existsSync(boot)) return undefined;
  const name = readdirSync(boot).find((file) => file.startsWith('vmlinuz-'));
  return name === undefined ? undefined : join(boot, name);
}

function refreshed(series: string): string | undefined {
  tryRun('apt-get', ['update', '-q'], '/');
  return newest(series);
}

function newest(series: string): string | undefined {
  const pattern = SERIES[series];
  if (pattern === undefined) throw new Error(`no series ${series}`);
  const { stdout } = spawnSync('apt-cache', ['pkgnames', `linux-image-${series}`], { encoding: 'utf8' });
  return (stdout ?? '')
    .split('\n')
    .filter((name) => pattern.test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1);
}

function tryRun(program: string, args: readonly string[], cwd: string): boolean {
  return spawnSync(program, args, { cwd, stdio: 'ignore' }).status === 0;
}
