/** What `merlon doctor` looks at. Each check reads and says; nothing is changed, and nothing here throws. */
import { existsSync, lstatSync, statfsSync, type Stats } from 'node:fs';
import { release } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { ConfigList, DoctorCheck, Status } from '../../shared/console.ts';
import { readText } from './root-facts.ts';

export interface Examined {
  readonly data: string;
  readonly socket: string;
  /** Absolute path of the helper; undefined where it is not known. */
  readonly helper: string | undefined;
  readonly config: ConfigList;
  /** null where no engine runs. */
  readonly status: Status | null;
}

type Found = Omit<DoctorCheck, 'id' | 'title'>;

const POLICY = '/usr/share/polkit-1/actions/io.merlon.helper.policy';
const OLDEST_KERNEL = [5, 12] as const; // whose verifier takes atomic exchanges, even where they are not reached
const LEAST_FREE_BYTES = 512 * 2 ** 20;
/** Merlon was not there before. */
const EARLIEST = Date.UTC(2025, 0, 1);

const ok = (said: string): Found => ({ state: 'ok', said });
const problem = (said: string, todo: string): Found => ({ state: 'problem', said, todo });
const notChecked = (said: string): Found => ({ state: 'not_checked', said });
const NO_ENGINE = notChecked('No engine runs that could be asked.');

const CHECKS: readonly (readonly [id: string, title: string, look: (of: Examined) => Found])[] = [
  ['kernel', 'Kernel', kernel],
  ['btf', 'Kernel types (BTF)', btf],
  ['lockdown', 'Kernel lockdown', lockdown],
  ['node', 'Node', node],
  ['root', 'Way to root', wayToRoot],
  ['helper', 'Helper', helper],
  ['helper_file', 'Helper’s file', helperFile],
  ['losses', 'Losses', losses],
  ['store', 'Database', store],
  ['data', 'Data folder', dataFolder],
  ['disk', 'Room on the disk', disk],
  ['socket', 'Engine’s socket', socket],
  ['config', 'Settings', settings],
  ['clock', 'Clock', clock],
];

export function examine(examined: Examined): DoctorCheck[] {
  return CHECKS.map(([id, title, look]) => ({ id, title, ...tried(look, examined) }));
}

function tried(look: (of: Examined) => Found, examined: Examined): Found {
  try {
    return look(examined);
  } catch (error) {
    return notChecked(`Looking failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function kernel(): Found {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const [oldMajor, oldMinor] = OLDEST_KERNEL;
  const fits = major > oldMajor || (major === oldMajor && minor >= oldMinor);
  return fits
    ? ok(`Linux ${release()}.`)
    : problem(`Linux ${release()} is older than ${OLDEST_KERNEL.join('.')}.`, 'Install a newer kernel.');
}

function btf(): Found {
  return existsSync('/sys/kernel/btf/vmlinux')
    ? ok('The kernel describes its types.')
    : problem(
        'The kernel does not describe its types (/sys/kernel/btf/vmlinux is missing): nothing can be loaded.',
        'Use a kernel that is built with CONFIG_DEBUG_INFO_BTF, as those of the distributions are.',
      );
}

function lockdown(): Found {
  const mode = /\[(\w+)\]/.exec(readText('/sys/kernel/security/lockdown') ?? '')?.[1];
  if (mode === undefined)
    return notChecked('The kernel does not say (securityfs is not mounted, or lockdown not built in).');
  return mode === 'confidentiality'
    ? problem(
        'Lockdown is at confidentiality: programs may not read what they have to.',
        'Boot with lockdown=integrity, or without it.',
      )
    : ok(`Lockdown is at ${mode}.`);
}

function node(): Found {
  const major = Number(process.versions.node.split('.')[0]);
  return major >= 24
    ? ok(`Node ${process.versions.node}.`)
    : problem(
        `Node ${process.versions.node} is not the one that Merlon runs on.`,
        'Start Merlon with: npm start',
      );
}

function wayToRoot(): Found {
  if (process.getuid?.() === 0) return ok('Merlon runs as root; nobody is asked.');
  if (!onPath('pkexec'))
    return problem(
      'pkexec is not installed, so nobody can be asked for a password.',
      'Debian, Ubuntu: apt install pkexec',
    );
  return ok(
    existsSync(POLICY)
      ? 'pkexec asks, with Merlon’s own polkit action.'
      : 'pkexec asks, with its general action: Merlon’s own is not installed, which is usual in a clone.',
  );
}

function helper({ status }: Examined): Found {
  if (status === null) return NO_ENGINE;
  const { state, reason, since } = status.helper;
  const when = new Date(since).toISOString();
  if (state === 'running')
    return ok(`It runs since ${when}: ${status.sensor.attached.length} programs are attached.`);
  const said = `It is ${state.replaceAll('_', ' ')} since ${when}. ${reason ?? ''}`.trim();
  if (state === 'starting' || state === 'authorising') return notChecked(said);
  return problem(said, 'Start it in the console, or with: merlon sense');
}

function helperFile({ helper: path }: Examined): Found {
  if (path === undefined) return notChecked('No engine runs that could say where it is.');
  const stats = lstat(path);
  if (stats === undefined)
    return problem(`There is no file ${path}.`, 'Build Merlon again with: npm run build');
  if (!path.startsWith('/usr/')) return ok(`${path}, ${owner(stats)}, of a clone.`);
  const loose = stats.uid !== 0 || (stats.mode & 0o022) !== 0;
  return loose
    ? problem(
        `${path} is ${owner(stats)}: others than root could change what runs as root.`,
        'Install Merlon again.',
      )
    : ok(`${path}, ${owner(stats)}.`);
}

function losses({ status }: Examined): Found {
  if (status === null) return NO_ENGINE;
  const { lost, lost_by_type: byType, refused } = status.sensor;
  if (lost === null) return notChecked('Unknown while the helper does not run.');
  const types = Object.entries(byType)
    .filter(([, n]) => n > 0)
    .map(([type, n]) => `${type} ${n}`);
  if (lost > 0)
    return problem(
      `${lost} events were lost since the engine started (${types.join(', ')}).`,
      'A larger queue survives longer storms: merlon config set sensing.queue_size "32 MiB"',
    );
  if (refused.length > 0)
    return problem(
      `This kernel refused ${refused.map(({ name }) => name).join(', ')}.`,
      'The rest is seen; a newer kernel may take them.',
    );
  return ok('None since the engine started.');
}

function store({ status }: Examined): Found {
  if (status === null) return NO_ENGINE;
  const { problem: refused, unopened, damaged, events, bytes, partitions } = status.store;
  if (unopened) return problem(refused ?? 'It cannot be opened.', 'Set it aside: merlon store fresh');
  if (refused !== undefined) return problem(refused, 'Make room where the database is.');
  if (damaged.length > 0)
    return problem(
      `${damaged.length} of ${partitions} files cannot be read whole. ${damaged[0]}`,
      'Save what can be read: merlon store salvage',
    );
  return ok(
    `${events} events in ${partitions} ${partitions === 1 ? 'file' : 'files'}, ${formatBytes(bytes)}.`,
  );
}

function dataFolder({ data }: Examined): Found {
  const stats = lstat(data);
  if (stats === undefined) return notChecked(`There is no folder ${data} yet.`);
  if (stats.uid !== process.getuid?.())
    return problem(
      `${data} belongs to user ${stats.uid}.`,
      'Start Merlon as that user, or give it to yourself with chown.',
    );
  const open = [data, join(data, 'redaction.key'), join(data, 'catalogue.db')].filter(
    (path) => ((lstat(path)?.mode ?? 0) & 0o077) !== 0,
  );
  return open.length === 0
    ? ok(`${data} is yours alone.`)
    : problem(`Others may read ${open.join(' and ')}.`, `chmod -R go= ${data}`);
}

function disk({ data, config, status }: Examined): Found {
  const folder = nearestFolder(data);
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const wanted = config.settings.find(({ key }) => key === 'retention.size')?.value;
  const more = typeof wanted === 'number' ? Math.max(0, wanted - (status?.store.bytes ?? 0)) : 0;
  const said = `${formatBytes(free)} are free where the database is.`;
  if (free < LEAST_FREE_BYTES)
    return problem(said, 'Make room there, or keep less: merlon config set retention.size "500 MiB"');
  if (free < more)
    return problem(
      `${said} It may grow by ${formatBytes(more)} more.`,
      'Keep less: merlon config set retention.size "500 MiB"',
    );
  return ok(said);
}

function socket({ socket: path }: Examined): Found {
  const stats = lstat(path);
  if (stats === undefined) return notChecked(`Nothing is at ${path}: no engine runs.`);
  const folder = lstat(dirname(path));
  const loose =
    (stats.mode & 0o077) !== 0 ||
    stats.uid !== process.getuid?.() ||
    (folder !== undefined && (folder.mode & 0o022) !== 0 && (folder.mode & 0o1000) === 0);
  return loose
    ? problem(
        `${path} is ${owner(stats)}: others could talk to the engine.`,
        'Stop Merlon, delete it, and start again.',
      )
    : ok(`${path} is yours alone.`);
}

function settings({ config }: Examined): Found {
  const wrong = config.files.flatMap(({ path, problems }) =>
    problems.map(({ line, column, said }) => `${path}, line ${line}, column ${column}: ${said}`),
  );
  const ignored = config.settings.flatMap(({ problems }) => problems).filter((said) => !wrong.includes(said));
  const all = [...wrong, ...ignored];
  if (all.length > 0)
    return problem(
      all.join(' '),
      'Mend the file; the rest of it counts, and nothing is cut while retention is in doubt.',
    );
  const files = config.files.filter(({ exists }) => exists).map(({ path }) => path);
  return ok(files.length === 0 ? 'All are at their defaults.' : `Read from ${files.join(' and ')}.`);
}

function clock({ status }: Examined): Found {
  const now = Date.now();
  if (now < EARLIEST)
    return problem(`It says ${new Date(now).toISOString()}.`, 'Set it: times of events are wrong.');
  if ((status?.store.oldest ?? 0) > now + 60_000)
    return problem(
      'Stored events are from the future: it was set back.',
      'Set it; events are ordered by the boot clock all the same.',
    );
  return existsSync('/run/systemd/timesync/synchronized')
    ? ok('systemd-timesyncd has set it.')
    : ok('Its date is plausible; whether a time server sets it was not looked at.');
}

const lstat = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });
const owner = ({ uid, mode }: Stats) =>
  `owned by user ${uid}, mode ${(mode & 0o7777).toString(8).padStart(4, '0')}`;
const onPath = (program: string) =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && existsSync(join(folder, program)));
const nearestFolder = (path: string): string =>
  existsSync(path) || path === '/' ? path : nearestFolder(dirname(path));

function formatBytes(bytes: number): string {
  const [unit, factor] = bytes >= 2 ** 30 ? ['GiB', 2 ** 30] : ['MiB', 2 ** 20];
  return `${(bytes / factor).toFixed(1)} ${unit}`;
}
