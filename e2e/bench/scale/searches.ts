/** What is looked for in a past, each search with the numbers of the events that it must find, newest first. */
import type { Past } from '../past.ts';
import { SELDOM, seldomMark, seldomPath } from '../past.ts';

export interface Search {
  readonly query: string;
  /** From that number down. */
  hits(from: number): Iterable<number>;
}

/** Searches of one kind: many terms, asked for one after the other. */
export interface Kind {
  readonly name: string;
  readonly searches: readonly Search[];
}

const PROGRAMS = 'bash sh curl gcc cc1 as ld make sed grep node git cat python3'.split(' ');
/** Samples of each kind. */
const SAMPLES = 200;

const none = (): Iterable<number> => [];
function only(n: number) {
  return (from: number) => (n <= from ? [n] : []);
}
function* where(from: number, fits: (n: number) => boolean): Generator<number> {
  for (let n = from; n >= 0; n--) if (fits(n)) yield n;
}
/** The events of a program that few have. */
function* seldom(from: number, program: number, every = 2000): Generator<number> {
  const round = every * SELDOM;
  const first = every * program + 7;
  for (let n = first + Math.floor((from - first) / round) * round; n >= 0; n -= round) yield n;
}

const repeated = (searches: readonly Search[]): readonly Search[] =>
  Array.from({ length: SAMPLES }, (_, i) => searches[i % searches.length]!);

/** Those that an index answers: whole values, and parts of three characters and more. */
export function indexed(past: Past): Kind[] {
  const { events } = past.options;
  const name = (n: number) => past.args(n)[0]!;
  const programs = PROGRAMS.map((program): Search => ({
    query: `process.name:${program}`,
    hits: (from) => where(from, (n) => name(n) === program && past.seldom(n) === undefined),
  }));
  const users = ['alex', 'backup'].map((user): Search => ({
    query: `user.name:${user}`,
    hits: (from) => where(from, (n) => past.isBackup(n) === (user === 'backup')),
  }));
  const actions = (['fork', 'exec', 'exit'] as const).map((action): Search => ({
    query: `event.action:${action}`,
    hits: (from) => where(from, (n) => past.action(n) === action),
  }));
  const few = Array.from({ length: SELDOM }, (_, i) => i);
  const lines = (part: string): Search => ({
    query: `process.command_line:*${part}*`,
    hits: (from) => where(from, (n) => past.args(n).join(' ').includes(part)),
  });
  const partsOfPrograms = ['url', 'gre', 'rep', 'pyt', 'yth', 'tho', 'hon', 'ode', 'bas', 'ash'];
  const partsOfAll = ['inc', 'ncl', 'usr', 'pro', 'roj', 'oje', 'jec', '-O2', 'art', 't.c', '/sr', 'src'];
  const uniqueAt = Array.from({ length: SAMPLES }, (_, i) => Math.floor((events / SAMPLES) * (i + 0.5)))
    .map((n) => uniqueExit(past, n))
    .filter((n) => n < events);
  return [
    { name: 'an exact common term', searches: repeated([...programs, ...users, ...actions]) },
    {
      name: 'an exact rare term',
      searches: repeated(
        few.map((i) => ({ query: `process.executable:${seldomPath(i)}`, hits: (from) => seldom(from, i) })),
      ),
    },
    {
      name: 'an exact absent term',
      searches: Array.from({ length: SAMPLES }, (_, i) => ({
        query: `process.executable:/opt/none/absent-${i}`,
        hits: none,
      })),
    },
    { name: 'three characters, common', searches: repeated([...partsOfAll, ...partsOfPrograms].map(lines)) },
    {
      name: 'three characters, rare',
      searches: repeated(
        few.map((i) => ({ query: `process.executable:*${seldomMark(i)}*`, hits: (from) => seldom(from, i) })),
      ),
    },
    {
      name: 'three characters, absent',
      searches: Array.from({ length: SAMPLES }, (_, i) => ({
        query: `process.command_line:*~${String.fromCharCode(97 + (i % 25))}${Math.floor(i / 25)}*`,
        hits: none,
      })),
    },
    {
      name: 'a longer part, in one event of all',
      searches: uniqueAt.map((n) => ({ query: `process.command_line:*module-${n}/par*`, hits: only(n) })),
    },
    {
      name: 'a free word',
      searches: repeated([
        ...few.map((i): Search => ({ query: `seldom-${i}/`, hits: none })),
        ...few.map((i): Search => ({ query: `/seldom-${i}`, hits: (from) => startingWith(from, i) })),
        ...uniqueAt.slice(0, 50).map((n) => ({ query: `module-${n}/part.c`, hits: only(n) })),
        { query: 'project', hits: (from: number) => where(from, () => true) },
        { query: 'include', hits: (from: number) => where(from, () => true) },
      ]),
    },
  ];
}

/** The programs whose number begins with these digits. */
function startingWith(from: number, program: number): Iterable<number> {
  return where(
    from,
    (n) => n % 2000 === 7 && String(Math.floor(n / 2000) % SELDOM).startsWith(String(program)),
  );
}

/** The next event from there that alone has its command line: an exit, as children have the one of their parent's exec. */
function uniqueExit(past: Past, from: number): number {
  let n = from;
  while (!past.isUnique(n) || past.action(n) !== 'exit') n++;
  return n;
}

/** Those that no index answers alone. */
export function others(past: Past): Search[] {
  const curl = (n: number) => past.isCurl(n);
  return [
    { query: 'process.name:curl and user.name:backup', hits: none },
    { query: 'process.exit_code>2', hits: (from) => where(from, (n) => past.failed(n)) },
    {
      query: 'process.pid:[1000 to 1002] and event.action:exec',
      hits: (from) => where(from, (n) => past.action(n) === 'exec' && past.life(n) % 30_000 <= 2),
    },
    {
      query: 'process.executable:/usr/*/c?t',
      hits: (from) => where(from, (n) => past.args(n)[0] === 'cat' && past.seldom(n) === undefined),
    },
    { query: 'not process.name:curl', hits: (from) => where(from, (n) => !curl(n)) },
    { query: 'not user.name:alex', hits: (from) => where(from, (n) => past.isBackup(n)) },
    {
      query: 'process.executable:*/l?',
      hits: (from) => where(from, (n) => past.args(n)[0] === 'ld' && past.seldom(n) === undefined),
    },
    { query: 'process.command_line:*zq*', hits: none },
    { query: 'not event.kind:event', hits: none },
  ];
}
