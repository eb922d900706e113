/**
 * A past for benches of the store: events that look as those of a busy build host do once decoded, each of them a
 * function of its number, so that what a search must find is known without a search.
 *
 * In groups of 64 processes: each is forked and runs a program, then all end. Process I of a group is a child of
 * process (I − 1) / 4, the first one a child of the shell that is older than every event.
 */
import type { EventFields } from '../../shared/event.ts';
import type { StoredEvent } from '../../engine/store/contract.ts';

const LIVES = 64;
const GROUP = 3 * LIVES;
const SHELL_PID = 900;
const SHELL_START_NS = 4_000_000_000;
const FIRST_NS = 5_000_000_000;
/** Between events after the past. */
const LATER_NS = 50_000;
/** How long before its event a process was forked. */
const FORK_NS = 35_000;
const SELDOM_EVERY = 2000;
/** So many programs that few events have. */
export const SELDOM = 50;
const CURL = 2;

const freeze = <T>(values: T[]): readonly T[] => Object.freeze(values);
const PROCESS = freeze(['process']);
const TYPES = { exec: freeze(['start']), fork: freeze(['start']), exit: freeze(['end']) };
const NO_FLAGS = freeze<string>([]);
const CAPABILITIES = freeze<string>(Array.from({ length: 41 }, (_, i) => `CAP_NUMBER_${i}`));
const PROGRAMS = 'bash sh curl gcc cc1 as ld make sed grep node git cat python3'.split(' ');

/** A flat string of its own, as decoding makes it from bytes; a template would be put together only when it is stored. */
const decoded = (text: string) => Buffer.from(text, 'latin1').toString('latin1');
const microseconds = (ms: number) => Math.round(ms * 1000) / 1000;

export interface PastOptions {
  readonly events: number;
  /** Starts of the machine, about as long each. */
  readonly boots: number;
  /** Of all events, the share that has a command line that no other has. */
  readonly unique: number;
  readonly firstMs: number;
  readonly spacingNs: number;
}

export type Action = 'fork' | 'exec' | 'exit';

/** The numbers of events are from 0; they go on after `events`, in the last boot. */
export class Past {
  readonly options: PastOptions;
  readonly #perBoot: number;

  constructor(options: PastOptions) {
    this.options = options;
    this.#perBoot = Math.floor(options.events / options.boots / GROUP) * GROUP;
  }

  bootId(boot: number): string {
    return `${String(boot).padStart(8, '6c2f3a5e')}-1c9b-4d57-9a47-3c1f0c5d7e21`;
  }
  /** Numbered from 1. */
  boot(n: number): number {
    return Math.min(this.options.boots, Math.floor(n / this.#perBoot) + 1);
  }
  first(boot: number): number {
    return (boot - 1) * this.#perBoot;
  }
  sequence(n: number): number {
    return n - this.first(this.boot(n)) + 1;
  }
  timeNs(n: number): number {
    const { events, spacingNs } = this.options;
    const sinceNs = (this.sequence(Math.min(n, events)) - 1) * spacingNs + Math.max(0, n - events) * LATER_NS;
    return FIRST_NS + sinceNs + ((n * 7919) % 5003);
  }
  wallMs(n: number): number {
    return microseconds(this.#wallBaseMs(n) + this.timeNs(n) / 1e6);
  }
  #wallBaseMs(n: number): number {
    return this.options.firstMs + (this.first(this.boot(n)) * this.options.spacingNs - FIRST_NS) / 1e6;
  }

  life(n: number): number {
    const within = n % GROUP;
    const group = Math.floor(n / GROUP) * LIVES;
    return within < 2 * LIVES ? group + (within >> 1) : group + GROUP - 1 - within;
  }
  action(n: number): Action {
    const within = n % GROUP;
    return within >= 2 * LIVES ? 'exit' : within % 2 === 0 ? 'fork' : 'exec';
  }
  /** The events of a process, oldest first. */
  eventsOf(life: number): readonly [number, number, number] {
    const group = Math.floor(life / LIVES) * GROUP;
    const i = life % LIVES;
    return [group + 2 * i, group + 2 * i + 1, group + GROUP - 1 - i];
  }
  /** undefined: the shell. */
  parent(life: number): number | undefined {
    const i = life % LIVES;
    return i === 0 ? undefined : life - i + Math.floor((i - 1) / 4);
  }
  children(life: number): readonly number[] {
    const i = life % LIVES;
    return [1, 2, 3, 4]
      .map((k) => 4 * i + k)
      .filter((child) => child < LIVES)
      .map((child) => life - i + child);
  }
  entityId(life: number): string {
    const [fork] = this.eventsOf(life);
    return this.#entityId(this.boot(fork), pidOf(life), this.timeNs(fork) - FORK_NS);
  }
  #entityId(boot: number, pid: number, startNs: number): string {
    const prefix = this.bootId(boot).replaceAll('-', '').slice(0, 10);
    return decoded(`${prefix}-${pid.toString(36)}-${startNs.toString(36)}`);
  }

  /** The number of the program, of those that few events have. */
  seldom(n: number): number | undefined {
    return n % SELDOM_EVERY === 7 ? Math.floor(n / SELDOM_EVERY) % SELDOM : undefined;
  }
  isCurl(n: number): boolean {
    return this.life(n) % PROGRAMS.length === CURL && this.seldom(n) === undefined;
  }
  /** Never one that runs curl. */
  isBackup(n: number): boolean {
    return this.life(n) % 7 === 3;
  }
  isUnique(n: number): boolean {
    return (n * 7919) % 1000 < this.options.unique * 1000;
  }
  failed(n: number): boolean {
    return this.action(n) === 'exit' && this.life(n) % 5000 === 77;
  }
  args(n: number): string[] {
    const life = this.life(n);
    const target = this.isUnique(n)
      ? `/src/project/module-${n}/part.c`
      : `/src/project/unit-${life % 50}/part.c`;
    return [PROGRAMS[life % PROGRAMS.length]!, '-O2', '-I', '/usr/include/project', decoded(target)];
  }

  event(n: number): StoredEvent {
    const boot = this.boot(n);
    const sequence = this.sequence(n);
    const timeNs = this.timeNs(n);
    return { cursor: { boot, timeNs, sequence }, fields: this.#fields(n, boot, sequence, timeNs) };
  }

  #fields(n: number, boot: number, sequence: number, timeNs: number): EventFields {
    const action = this.action(n);
    const life = this.life(n);
    const [fork] = this.eventsOf(life);
    const startNs = this.timeNs(fork) - FORK_NS;
    const wallBaseMs = this.#wallBaseMs(n);
    const pid = pidOf(life);
    const args = this.args(n);
    const seldom = this.seldom(n);
    const user = this.isBackup(n) ? 'backup' : 'alex';
    const uid = user === 'alex' ? '1000' : '34';
    const fields: EventFields = {
      '@timestamp': microseconds(wallBaseMs + timeNs / 1e6),
      'event.kind': 'event',
      'event.category': PROCESS,
      'event.type': TYPES[action],
      'event.action': action,
      'event.outcome': 'success',
      'event.sequence': sequence,
      'host.boot.id': this.bootId(boot),
      'process.entity_id': this.#entityId(boot, pid, startNs),
      'process.pid': pid,
      'process.vpid': pid,
      'process.thread.id': pid,
      'process.name': seldom === undefined ? args[0]! : `seldom-${seldom}`,
      'process.executable': decoded(seldom === undefined ? `/usr/bin/${args[0]}` : seldomPath(seldom)),
      'process.args': args,
      'process.args_count': args.length,
      'process.command_line': decoded(args.join(' ')),
      'process.working_directory': decoded('/src/project'),
      'process.start': microseconds(wallBaseMs + startNs / 1e6),
      'process.interactive': true,
      'process.tty.char_device.major': 136,
      'process.tty.char_device.minor': 3,
      'process.session_leader.pid': SHELL_PID,
      'process.thread.capabilities.effective': CAPABILITIES,
      ...this.#parentOf(life, boot),
      'user.id': uid,
      'user.name': user,
      'user.effective.id': uid,
      'user.effective.name': user,
      'group.id': uid,
      'group.name': user,
      'package.name': 'build-essential',
      'package.version': '12.9',
      'merlon.process.comm': args[0]!,
      'merlon.process.flags': NO_FLAGS,
      'merlon.login.id': '1000',
      'merlon.login.name': 'alex',
      'merlon.audit.session': 3,
      'merlon.tty.name': 'pts/3',
      'merlon.namespace.mount': 4026531841,
      'merlon.namespace.pid': 4026531836,
      'merlon.namespace.net': 4026531840,
      'merlon.namespace.user': 4026531837,
      'merlon.cgroup.id': '4242',
      'merlon.cgroup.path': '/user.slice/user-1000.slice/session-3.scope',
      'merlon.systemd.unit': 'session-3.scope',
    };
    if (action === 'exec') {
      fields['merlon.process.stdin'] = 'tty';
      fields['merlon.process.stdout'] = 'pipe';
      fields['merlon.process.stderr'] = 'tty';
      fields['merlon.process.args_length'] = 60;
      fields['merlon.executable.device'] = '254:1';
      fields['merlon.executable.inode'] = decoded(String(100_000 + (life % PROGRAMS.length)));
      fields['merlon.executable.generation'] = 1;
    }
    if (action === 'exit') {
      fields['process.end'] = fields['@timestamp']!;
      fields['process.exit_code'] = this.failed(n) ? 3 : 0;
      fields['event.duration'] = timeNs - startNs;
      fields['merlon.exit.core_dumped'] = false;
      fields['merlon.exit.cpu_time'] = 900_000 + (life % 1000) * 1000;
      fields['merlon.exit.max_rss'] = 9_000_000 + (life % 100) * 4096;
    }
    return fields;
  }

  #parentOf(life: number, boot: number): EventFields {
    const parent = this.parent(life);
    if (parent === undefined) {
      return {
        'process.parent.entity_id': this.#entityId(boot, SHELL_PID, SHELL_START_NS),
        'process.parent.pid': SHELL_PID,
        'process.parent.name': 'bash',
        'process.parent.executable': '/usr/bin/bash',
        'process.parent.command_line': '-bash',
      };
    }
    const args = this.args(this.eventsOf(parent)[1]);
    return {
      'process.parent.entity_id': this.entityId(parent),
      'process.parent.pid': pidOf(parent),
      'process.parent.name': args[0]!,
      'process.parent.executable': `/usr/bin/${args[0]}`,
      'process.parent.command_line': decoded(args.join(' ')),
    };
  }
}

const pidOf = (life: number) => 1000 + (life % 30_000);

/** Three characters that no other text has. */
export const seldomMark = (program: number) =>
  `~${'abcdefghijklmnopqrstuvwxy'[program % 25]}${program < 25 ? 'x' : 'y'}`;
export const seldomPath = (program: number) => `/opt/${seldomMark(program)}/seldom-${program}`;
