import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  attachment,
  BOOT,
  byId,
  HELPER_PID,
  holder,
  Host,
  output,
  program,
  valueOf,
} from './inventory.builder.ts';

let host: Host;
beforeEach(() => {
  host = new Host();
});
afterEach(() => host.close());
const file = () => join(host.folder, 'bpf.json');

describe('the baseline', () => {
  const first = program(1);
  const second = program(2, { name: 'second' });

  it('is the first look ever, in another engine too', async () => {
    host.output = output({ programs: [first] });
    expect(await valueOf(host.engine().inventory())).toMatchObject({ baseline: 1_700_001_000_000, gone: [] });
    host.output = output({ at_ns: 2000e9, programs: [second] });
    const later = await valueOf(host.engine().inventory());
    expect(later).toMatchObject({
      baseline: 1_700_001_000_000,
      programs: [{ id: 2, is_new: true }],
      gone: [{ name: 'p1', owner: 'foreign' }],
    });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  it('is what is there when a person says so', async () => {
    const bpf = host.engine();
    await bpf.look();
    host.output = output({ at_ns: 2000e9, programs: [second] });
    expect(byId(await valueOf(bpf.inventory()), 2).is_new).toBe(true);
    expect(await valueOf(bpf.baseline())).toMatchObject({
      baseline: 1_700_002_000_000,
      programs: [{ is_new: false }],
    });
    expect(byId(await valueOf(host.engine().inventory()), 2).is_new).toBe(false);
  });

  it.each([
    ['cut off', '{"schema":1,"baseline":{"ma'],
    ['of another shape', '{"schema":1,"baseline":[],"told":{}}'],
    ['no JSON', '\u0000\u0000'],
    ['null', 'null'],
  ])('that is damaged (%s) is set aside and begun anew, and that is said', async (_, text) => {
    writeFileSync(file(), text);
    host.output = output({ programs: [first], unread: ['Else.'] });
    const bpf = host.engine();
    const found = await valueOf(bpf.inventory());
    expect(found.unread).toEqual([
      expect.stringMatching(/cannot be read any more.*merlon bpf accept/),
      'Else.',
    ]);
    expect(found.baseline).toBe(1_700_001_000_000);
    expect(readFileSync(`${file()}.damaged`, 'utf8')).toBe(text);
    expect((await valueOf(bpf.baseline())).unread).toEqual(['Else.']);
  });

  it('that is not there though Merlon ran here is begun anew, and that is said until a person asks for another', async () => {
    host.output = output({ programs: [first] });
    const fresh = await valueOf(host.engine({ hadEvents: () => false }).inventory());
    expect(fresh.unread).toEqual([]);
    rmSync(file());
    const sentence = expect.stringMatching(/was not there.*counts as known.*merlon bpf accept/) as string;
    const hadEvents = () => true;
    expect((await valueOf(host.engine({ hadEvents }).inventory())).unread).toEqual([sentence]);
    const next = host.engine({ hadEvents });
    expect((await valueOf(next.inventory())).unread).toEqual([sentence]);
    await next.baseline();
    expect((await valueOf(host.engine({ hadEvents }).inventory())).unread).toEqual([]);
  });

  it('of the Merlon before is read, and accepts nothing', async () => {
    const row = ['tracing', 'p1', program(1).tag, '', '', 'foreign'];
    const old = { schema: 1, baseline: { made: 5, rows: [row] }, told: { boot_id: BOOT, keys: [] } };
    writeFileSync(file(), JSON.stringify(old));
    host.output = output({ programs: [program(1, { powers: ['sends_signals'] })] });
    const found = await valueOf(host.engine().inventory());
    expect(found).toMatchObject({ baseline: 5, unread: [], programs: [{ is_new: false }] });
    expect(byId(found, 1).accepted).toBeUndefined();
    expect(host.told).toEqual(['1 sends_signals']);
  });

  it('has the concerns that a person accepted: they are told no more, in another boot neither', async () => {
    host.output = output({ programs: [program(1, { powers: ['sends_signals'] })] });
    const bpf = host.engine();
    expect(byId(await valueOf(bpf.inventory()), 1).accepted).toBeUndefined();
    const accepted = byId(await valueOf(bpf.baseline()), 1);
    expect(accepted).toMatchObject({ concerns: ['sends_signals'], accepted: ['sends_signals'] });
    await host.engine({ bootId: 'another' }).look();
    expect(host.told).toEqual(['1 sends_signals']);
  });

  it('of a newer Merlon is left alone until a person asks for another', async () => {
    const newer = JSON.stringify({ schema: 3, more: true });
    writeFileSync(file(), newer);
    host.output = output({ programs: [first] });
    const bpf = host.engine();
    expect((await valueOf(bpf.inventory())).unread).toEqual([expect.stringMatching(/newer Merlon/)]);
    host.output = output({ programs: [first, program(3, { powers: ['sends_signals'] })] });
    await bpf.look();
    expect(readFileSync(file(), 'utf8')).toBe(newer);
    await bpf.baseline();
    expect(readFileSync(file(), 'utf8')).not.toBe(newer);
    expect((await valueOf(bpf.inventory())).unread).toEqual([]);
  });
});

describe('what is found', () => {
  const armed = program(3, { name: 'armed', powers: ['sends_signals', 'overrides_returns'] });

  it('is told once while the program is there, in the next engine of this boot too', async () => {
    host.output = output({ programs: [armed] });
    const bpf = host.engine();
    await bpf.look();
    await bpf.inventory();
    await host.engine().look();
    expect(host.told).toEqual(['3 sends_signals', '3 overrides_returns']);
    await host.engine({ bootId: 'another' }).look();
    expect(host.told).toHaveLength(4);
  });

  it('is not a stranger on the first day, but one that comes later', async () => {
    host.output = output({ programs: [program(1)] });
    const bpf = host.engine();
    await bpf.look();
    expect(host.told).toEqual([]);
    host.output = output({
      programs: [program(1), program(2)],
      attachments: [attachment(2, { target: 'do_exit' })],
    });
    await bpf.look();
    await bpf.baseline();
    await bpf.look();
    expect(host.told).toEqual(['2 foreign_program']);
    expect(host.found[0]?.sentence).toBe(
      'The BPF program p2 (tracing, id 2) at do_exit was not there before. No process that Merlon can see holds it, and nobody saw who loaded it.',
    );
  });

  it('is told again of another program with the same id', async () => {
    host.output = output({ programs: [armed] });
    const bpf = host.engine();
    await bpf.look();
    host.output = output({ programs: [{ ...armed, loaded_ns: 77 }] });
    await bpf.look();
    expect(host.told).toHaveLength(4);
  });

  it('is nothing of Merlon’s own, whatever it can do', async () => {
    host.output = output({
      programs: [armed],
      attachments: [attachment(3)],
      holders: [holder(HELPER_PID, 3)],
    });
    await host.engine().look();
    expect(host.told).toEqual([]);
  });

  it('is a change once, and figures are none', async () => {
    const bpf = host.engine();
    host.output = output({ programs: [armed] });
    await bpf.look();
    host.output = output({ at_ns: 1010e9, programs: [{ ...armed, runs: 9 }], holders: [holder(40, 3)] });
    await bpf.look();
    expect(host.changed).toHaveLength(1);
    host.output = output({ programs: [] });
    await bpf.look();
    expect(host.changed).toHaveLength(2);
  });
});
