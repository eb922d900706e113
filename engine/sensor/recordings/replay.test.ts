import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { EventFields } from '../../../shared/event.ts';
import { Redactor } from '../../redact.ts';
import { decodeBatch } from '../decode.ts';
import { EventMaker } from '../events.ts';
import { Processes } from '../processes.ts';

/** What a real kernel sent while the story of record.ts ran. */
function replay(): { events: EventFields[]; processes: Processes } {
  const processes = new Processes('00000000-0000-0000-0000-000000000000');
  const maker = new EventMaker({
    bootId: '00000000-0000-0000-0000-000000000000',
    clock: { wallOf: (ns) => ns / 1e6 },
    processes,
    users: { user: () => 'root', group: () => 'root' },
    cgroups: { of: () => undefined, made: () => {}, containerName: () => undefined },
    packages: { owner: () => undefined },
    redactor: new Redactor(new Uint8Array(32)),
    readArguments: () => undefined,
  });
  const batch = readFileSync(new URL('./programs.bin', import.meta.url));
  const records = decodeBatch(batch, (type) => expect.unreachable(`unknown type ${type}`));
  const events = records.flatMap((record, i) => maker.make(record, i + 1) ?? []);
  return { events, processes };
}

const { events, processes } = replay();
const of = (action: string) => events.filter((e) => e['event.action'] === action);
const started = (name: string) => of('exec').find((e) => e['process.name'] === name);

describe('a recording of a real kernel', () => {
  test('every process that began has ended, each once', () => {
    const forks = of('fork').map((e) => e['process.entity_id']);
    const exits = of('exit').map((e) => e['process.entity_id']);
    expect(forks.length).toBeGreaterThan(4);
    expect([...new Set(exits)].sort()).toEqual([...forks].sort());
    expect([processes.running, processes.duplicateExits]).toEqual([0, 0]);
  });

  test('a script is named, its bytes are kept, its secret is not', () => {
    const script = of('exec').find((e) => e['merlon.process.script'] !== undefined);
    expect(script).toMatchObject({
      'process.name': 'dash',
      'merlon.process.script': './greet.sh',
      'merlon.process.interpreter': '/bin/sh',
      'process.args': [
        '/bin/sh',
        './greet.sh',
        expect.stringMatching(/^--token=‹secret:\w{8}›$/),
        'café \\xff',
      ],
    });
    expect(started('echo')?.['process.entity_id']).toBe(script?.['process.entity_id']);
    expect(JSON.stringify(events)).not.toContain('not-a-real-secret');
  });

  test('a program that is not there fails with the kernel’s word', () => {
    expect(of('exec_failed')).toMatchObject([
      {
        'error.code': 'ENOENT',
        'file.path': '/nonexistent/program',
        'process.name': 'dash',
        'process.executable': '/usr/bin/dash',
      },
    ]);
  });

  test('ends are told as they were', () => {
    const endings = of('exit').map((e) => [e['process.exit_code'], e['merlon.exit.signal']]);
    expect(endings).toContainEqual([137, 'SIGKILL']);
    expect(endings).toContainEqual([3, undefined]);
    for (const exit of of('exit')) expect(exit['event.duration']).toBeGreaterThan(0);
    expect(of('exit').some((exit) => (exit['merlon.exit.cpu_time'] ?? 0) > 0)).toBe(true);
  });

  test('a double fork keeps its lineage', () => {
    const sleep = processes.byEntityId(started('sleep')?.['process.entity_id'] ?? '');
    expect(sleep && processes.ancestors(sleep).map((p) => p.image?.name)).toEqual(['dash', 'dash']);
  });

  test('what came before what is in the order of the boot clock', () => {
    const times = events.map((e) => e['@timestamp'] ?? 0);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });
});
