/** For tests: an engine's middle, with the outside world answered from here. */
import type { EventFields } from '../../shared/event.ts';
import { Redactor } from '../redact.ts';
import { decodeBatch } from './decode.ts';
import { EventMaker, type Surroundings } from './events.ts';
import { Processes } from './processes.ts';
import { batchOf, execRecord } from './records.builder.ts';

export const BOOT = '8a79902f-7c1c-4054-aabd-7b20a8950778';
export const SHELL = { pid: 100, startNs: 1000, ppid: 1, parentStartNs: 10, comm: 'bash' };
export const CHILD = {
  pid: 200,
  startNs: 2000,
  ppid: 100,
  parentStartNs: 1000,
  uid: 1000,
  gid: 1000,
  comm: 'bash',
};

export function setUp(around: Partial<Surroundings> = {}) {
  const processes = new Processes(BOOT);
  const made: [string, number, string][] = [];
  const maker = new EventMaker({
    bootId: BOOT,
    clock: { wallOf: (ns) => 1_700_000_000_000 + ns / 1e6 },
    processes,
    users: { user: (uid) => ({ 0: 'root', 1000: 'ada' })[uid], group: (gid) => ({ 1000: 'ada' })[gid] },
    cgroups: {
      of: (id) =>
        id === '77'
          ? {
              path: `/docker/${'a'.repeat(64)}`,
              containerId: 'a'.repeat(64),
              runtime: 'docker',
              unit: undefined,
            }
          : undefined,
      made: (...args) => void made.push(args),
      containerName: () => 'web',
    },
    packages: { owner: (path) => (path === '/usr/bin/curl' ? { name: 'curl', version: '8.1' } : undefined) },
    redactor: new Redactor(new Uint8Array(32)),
    readArguments: () => undefined,
    ...around,
  });
  let sequence = 0;
  const replay = (...records: Uint8Array[]): EventFields[] =>
    decodeBatch(batchOf(...records), () => {}).flatMap((record) => {
      const fields = maker.make(record, sequence + 1);
      if (fields === undefined) return [];
      sequence++;
      return [JSON.parse(JSON.stringify(fields)) as EventFields];
    });
  return { replay, processes, made };
}

export const shell = execRecord({ task: SHELL, executable: '/usr/bin/bash', args: ['-bash'] }, 'running');
