/**
 * Run as root under `unshare -m --propagation private`: a system bus and a polkitd of the test's own, in a mount
 * namespace where only they see the actions and the rules given, and then one command. Ends what it started.
 * Takes one JSON argument, see World.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  copyFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface World {
  /** Body of the rule's function(action, subject): JavaScript of polkit's. */
  readonly rule: string;
  /** Folder of the built helper; where `install` is given, a copy of it stands there. */
  readonly helper: string;
  readonly install?: { readonly folder: string; readonly mode: string };
  /** Policy file; its path annotation is set to the helper's. */
  readonly policy?: string;
  readonly command: readonly [string, ...string[]];
}

const ACTIONS = '/usr/share/polkit-1/actions';

function mount(...args: string[]): void {
  execFileSync('mount', args);
}

/** tmpfs over /opt, seen here alone, so that a copy of the helper stands where a package would put it. */
function install(world: World): string {
  if (world.install === undefined) return world.helper;
  const { folder, mode } = world.install;
  mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/opt');
  mkdirSync(dirname(folder), { recursive: true });
  cpSync(world.helper, folder, { recursive: true, dereference: false });
  rmSync(join(folder, 'node'));
  copyFileSync(realpathSync(join(world.helper, 'node')), join(folder, 'node'));
  execFileSync('chmod', [mode, join(folder, 'index.js')]);
  return folder;
}

function layOut(world: World, helper: string, actions: string): void {
  chmodSync(actions, 0o755);
  cpSync(ACTIONS, actions, { recursive: true });
  if (world.policy !== undefined) {
    const path = `<annotate key="org.freedesktop.policykit.exec.path">${helper}/merlon-helper</annotate>`;
    const policy = readFileSync(world.policy, 'utf8').replace(
      /<annotate key="org\.freed.*<\/annotate>/,
      path,
    );
    writeFileSync(join(actions, 'io.merlon.helper.policy'), policy);
  }
  mount('--bind', actions, ACTIONS);
  mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/etc/polkit-1');
  mkdirSync('/etc/polkit-1/rules.d');
  writeFileSync(
    '/etc/polkit-1/rules.d/00-merlon-test.rules',
    `polkit.addRule(function (action, subject) {\n${world.rule}\n});\n`,
  );
  mkdirSync('/run/dbus', { recursive: true });
  mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run/dbus');
}

async function startDaemons(): Promise<ChildProcess[]> {
  const bus = spawn('dbus-daemon', ['--system', '--nofork', '--nopidfile', '--nosyslog'], {
    stdio: 'ignore',
  });
  await until(() => spawnSync('busctl', ['--system', 'list']).status === 0, 'the bus');
  const polkit = spawn('/usr/lib/polkit-1/polkitd', ['--no-debug'], { stdio: 'ignore' });
  const listed = () =>
    spawnSync('busctl', ['--system', 'list']).stdout.includes('org.freedesktop.PolicyKit1');
  await until(listed, 'polkitd');
  return [polkit, bus];
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 100) throw new Error(`${what} did not come up`);
    await sleep(50);
  }
}

const world = JSON.parse(process.argv[2] ?? '') as World; // from pkexec.test.ts alone
const actions = mkdtempSync(join(tmpdir(), 'merlon-actions-'));
layOut(world, install(world), actions);
const daemons = await startDaemons();
const [command, ...args] = world.command;
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
child.on('exit', (code) => {
  for (const daemon of daemons) daemon.kill('SIGTERM');
  rmSync(actions, { recursive: true });
  process.exitCode = code ?? 1;
});
