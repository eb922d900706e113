import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decodeBatch } from '../sensor/decode.ts';
import { batchOf, execRecord, exitRecord, forkRecord, type TaskBytes } from '../sensor/records.builder.ts';
import { Canaries, DEAD_AFTER_MS, MISSED_AFTER_MS, type Missed, type Returned } from './canaries.ts';

const SENDER = 700;
const START_NS = 50e9;

/** Canaries whose processes have the pids 1000, 1001, …; the clocks stand where a test puts them. */
class World {
  readonly sent: string[] = [];
  readonly missed: Missed[] = [];
  readonly returned: Returned[] = [];
  dead = 0;
  lostAtNs = -Infinity;
  behind = false;
  noProcess = false;
  readonly canaries = new Canaries({
    send: (nonce, onExecuted) => {
      if (this.noProcess) return;
      this.sent.push(nonce);
      onExecuted();
    },
    sender: () => SENDER,
    program: '/x/merlon-canary',
    lossSince: (ns) => this.lostAtNs >= ns,
    bootNs: () => this.nowNs,
    behind: () => this.behind,
    onMissed: (missed) => this.missed.push(missed),
    onReturned: (returned) => this.returned.push(returned),
    onDead: () => this.dead++,
    onChange: () => {},
    random: () => 0.5,
  });
  readonly #begun = performance.now();

  get nowNs(): number {
    return START_NS + (performance.now() - this.#begun) * 1e6;
  }

  /** What the sensors tell of a canary, and which of it is claimed. */
  told(index: number, changed: { task?: TaskBytes; nonce?: string } = {}): boolean[] {
    const task = { pid: 1000 + index, ppid: SENDER, startNs: Math.round(this.nowNs), ...changed.task };
    const args = ['merlon-canary', changed.nonce ?? this.sent[index] ?? ''];
    return recordsOf(
      forkRecord({ task }),
      execRecord({ task, executable: '/x/merlon-canary', args }),
      exitRecord({ task }),
    ).map((record) => this.canaries.claims(record));
  }
}

const recordsOf = (...records: Uint8Array[]) =>
  decodeBatch(batchOf(...records), () => expect.unreachable('a record of an unknown type'));

let world: World;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  world = new World();
  world.canaries.start();
  vi.advanceTimersByTime(1000);
});
afterEach(() => {
  world.canaries.stop();
  vi.useRealTimers();
});

describe('a canary that comes back', () => {
  it('is claimed whole, and its way is measured', () => {
    vi.advanceTimersByTime(11);
    expect(world.told(0)).toEqual([true, true, true]);
    expect(world.canaries.status).toMatchObject({ state: 'alive', sent: 1, missed: 0 });
    expect(world.canaries.status?.last?.ms).toBeCloseTo(11, 0);
    expect(world.canaries.recent.map(({ ms }) => Math.round(ms ?? -1))).toEqual([11]);
  });

  it('is followed by others, each with a word of its own', () => {
    for (let i = 0; i < 20; i++) {
      world.told(i);
      vi.advanceTimersByTime(4500);
    }
    expect(new Set(world.sent).size).toBe(21);
    expect(world.missed).toEqual([]);
  });
});

describe('what is not a canary is told', () => {
  it.each<[string, { task?: TaskBytes; nonce?: string }, boolean[]]>([
    ['a child of somebody else', { task: { ppid: 31337 } }, [false, false, false]],
    ['a process that had the number before', { task: { startNs: 1 } }, [false, false, false]],
    ['one that was made to run something else', { nonce: 'guessed' }, [true, false, false]],
  ])('%s', (_, changed, claimed) => {
    expect(world.told(0, changed)).toEqual(claimed);
    expect(world.canaries.status?.state).toBe('waiting');
  });

  it('a program that is given its word, before it or after it', () => {
    const task = { pid: 1000, ppid: SENDER, startNs: Math.round(world.nowNs) };
    const word = world.sent[0] ?? '';
    const claimed = recordsOf(
      forkRecord({ task }),
      execRecord({ task, executable: '/tmp/evil', args: ['merlon-canary', word] }),
      execRecord({ task, executable: '/x/merlon-canary', args: ['merlon-canary', word, 'more'] }),
      execRecord({ task, executable: '/x/merlon-canary', args: ['merlon-canary', word] }),
      execRecord({ task, executable: '/bin/sh', args: ['sh', '-c', 'steal', word] }),
      execRecord({ task, executable: '/x/merlon-canary', args: ['merlon-canary', word] }),
    ).map((record) => world.canaries.claims(record));
    expect(claimed).toEqual([true, false, false, true, false, false]);
  });

  it('whatever takes its number once it has ended', () => {
    expect(world.told(0)).toEqual([true, true, true]);
    expect(world.told(0)).toEqual([false, false, false]);
  });
});

describe('where a record is lost', () => {
  it('a canary whose fork was not told comes back all the same, and the next, too', () => {
    const task = { pid: 1000, ppid: SENDER, startNs: Math.round(world.nowNs) };
    const args = ['merlon-canary', world.sent[0] ?? ''];
    const exec = execRecord({ task, executable: '/x/merlon-canary', args });
    const claimed = recordsOf(exec, exitRecord({ task })).map((record) => world.canaries.claims(record));
    expect(claimed).toEqual([true, true]);
    vi.advanceTimersByTime(5000);
    expect(world.told(1)).toEqual([true, true, true]);
  });

  it('a fork that stands for the one before does not keep the next from coming back', () => {
    vi.advanceTimersByTime(MISSED_AFTER_MS + 2000); // the first is lost whole
    expect(world.told(1)).toEqual([true, true, true]);
    expect(world.canaries.status?.state).toBe('alive');
  });
});

describe('a canary that does not come back', () => {
  it('is missed within ten seconds of the moment from which nothing came, at the latest', () => {
    world.told(0);
    const deadSince = world.nowNs;
    while (world.missed.length === 0 && world.nowNs - deadSince < 60e9) vi.advanceTimersByTime(50);
    expect((world.nowNs - deadSince) / 1e9).toBeLessThanOrEqual(10);
    expect(world.canaries.status).toMatchObject({ state: 'missed', missed: 1 });
    expect(world.canaries.recent.at(-1)?.ms).toBeNull();
  });

  it('is told once, however many follow', () => {
    vi.advanceTimersByTime(60_000);
    expect(world.missed).toHaveLength(1);
    expect(world.canaries.status?.missed).toBeGreaterThan(5);
  });

  it('asks for new sensors after a while, not at once', () => {
    vi.advanceTimersByTime(DEAD_AFTER_MS - 1000);
    expect(world.dead).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(world.dead).toBe(1);
    world.canaries.stop();
    world.canaries.start();
    vi.advanceTimersByTime(60_000);
    expect(world.dead).toBe(1); // new sensors did not help: once is enough, until one comes back
  });

  it('leaves a blind span up to the first that comes in time', () => {
    const { sentNs } = { sentNs: world.nowNs };
    vi.advanceTimersByTime(20_000);
    const index = world.sent.length - 1;
    const before = world.nowNs;
    world.told(index);
    vi.advanceTimersByTime(1000);
    expect(world.canaries.status?.state).toBe('alive');
    expect(world.returned).toHaveLength(1);
    const [{ sinceNs, untilNs, late } = expect.unreachable()] = world.returned;
    expect(late).toBe(false);
    expect(Math.abs(sinceNs - sentNs)).toBeLessThan(1e6);
    expect(untilNs).toBeGreaterThan(sinceNs);
    expect(untilNs).toBeLessThanOrEqual(before);
  });

  it('was only late where it comes after all: then nothing is missing', () => {
    vi.advanceTimersByTime(14_000);
    world.sent.forEach((_, i) => world.told(i));
    vi.advanceTimersByTime(1000);
    expect(world.returned).toMatchObject([{ late: true }]);
  });

  it('is waited for while the engine is behind with what arrived', () => {
    world.behind = true;
    vi.advanceTimersByTime(60_000);
    expect(world.missed).toEqual([]);
    world.behind = false;
    vi.advanceTimersByTime(MISSED_AFTER_MS);
    expect(world.missed).toHaveLength(1);
  });

  it('is none where it could not be executed, which is a state of its own', () => {
    world.told(0);
    world.noProcess = true;
    vi.advanceTimersByTime(60_000);
    expect([world.missed, world.dead]).toEqual([[], 0]);
    expect(world.canaries.status?.state).toBe('not_sent');
    world.noProcess = false;
    vi.advanceTimersByTime(6000);
    expect(world.canaries.status?.state).toBe('alive');
  });

  it('is none where events were lost meanwhile, which is told already', () => {
    world.lostAtNs = Infinity;
    vi.advanceTimersByTime(60_000);
    expect(world.missed).toEqual([]);
  });
});

describe('while nothing senses', () => {
  it('none is sent, none is missed, and there is no state', () => {
    world.canaries.stop();
    const sent = world.sent.length;
    vi.advanceTimersByTime(60_000);
    expect(world.sent).toHaveLength(sent);
    expect(world.missed).toEqual([]);
    expect(world.canaries.status).toBeUndefined();
  });

  it('a helper that comes again begins anew', () => {
    vi.advanceTimersByTime(20_000);
    world.canaries.stop();
    world.canaries.start();
    vi.advanceTimersByTime(1000);
    world.told(world.sent.length - 1);
    expect(world.canaries.status?.state).toBe('alive');
  });
});
