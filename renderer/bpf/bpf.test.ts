import { expect, test } from 'vitest';
import type { BpfInventory } from '../../shared/bpf.ts';
import type { Console } from '../../shared/console.ts';
import { fail, ok } from '../../shared/result.ts';
import { BpfState } from './bpf.svelte.ts';
import { inventory, program } from './inventory.double.ts';

type Answer = ReturnType<typeof fail> | ReturnType<typeof ok<BpfInventory>>;

/** An engine whose answers a test gives one by one. */
function engine() {
  const asked: { name: string; answer: (answer: Answer) => void }[] = [];
  const api = {
    request: (name: string) => new Promise<Answer>((answer) => asked.push({ name, answer })),
  } as unknown as Console;
  return { api, asked };
}

async function looked(...looks: readonly BpfInventory[]) {
  const { api, asked } = engine();
  const bpf = new BpfState();
  const look = async (answer: Answer) => {
    const looking = bpf.refresh(api);
    asked.at(-1)?.answer(answer);
    await looking;
  };
  for (const each of looks) await look(ok(each));
  return { bpf, look, api, asked };
}

const busy = (cpu: readonly number[]) =>
  inventory({ programs: cpu.map((cpu_percent, at) => program(at + 1, { cpu_percent })) });
const rows = (bpf: BpfState) => bpf.programRows.map(({ id }) => id);

test('is asked once at a time', async () => {
  const { api, asked } = engine();
  const bpf = new BpfState();
  const asking = [bpf.refresh(api), bpf.refresh(api)];
  expect(asked).toHaveLength(1);
  asked[0]?.answer(ok(inventory()));
  await Promise.all(asking);
  expect(bpf.inventory).toEqual(inventory());
});

test('a look that fails is told, and leaves what was known', async () => {
  const { bpf, look } = await looked(inventory());
  await look(fail('inventory_failed', 'It could not.', 'EPERM'));
  expect(bpf.failure).toMatchObject({ code: 'inventory_failed', message: 'It could not.', detail: 'EPERM' });
  expect(bpf.inventory).toEqual(inventory());
  await look(ok(inventory()));
  expect(bpf.failure).toBeUndefined();
});

test('that the engine is away is told elsewhere', async () => {
  const { bpf, look } = await looked();
  await look(fail('disconnected', 'Gone.'));
  expect(bpf.failure).toBeUndefined();
});

test('rows stand still while one is selected, and go on after', async () => {
  const { bpf, look } = await looked(busy([3, 2, 1]));
  bpf.sortBy('cpu');
  expect(rows(bpf)).toEqual([1, 2, 3]);
  bpf.select(2);
  await look(ok(busy([1, 2, 3, 9])));
  expect(rows(bpf)).toEqual([1, 2, 3, 4]);
  expect(bpf.found?.id).toBe(2);
  bpf.select(undefined);
  expect(rows(bpf)).toEqual([4, 3, 2, 1]);
});

test('rows stand still under the pointer, and take the order that is asked for', async () => {
  const { bpf, look } = await looked(busy([3, 2, 1]));
  bpf.sortBy('cpu');
  bpf.point(true);
  await look(ok(busy([1, 2, 3])));
  expect(rows(bpf)).toEqual([1, 2, 3]);
  bpf.sortBy('cpu');
  expect(rows(bpf)).toEqual([1, 2, 3]);
  bpf.sortBy('cpu');
  expect(rows(bpf)).toEqual([3, 2, 1]);
  bpf.narrow('foreign');
  expect(rows(bpf)).toEqual([]);
  bpf.point(false);
});

test('what is selected is remembered when it is unloaded', async () => {
  const { bpf, look } = await looked(inventory({ programs: [program(7)] }));
  bpf.select(7);
  await look(ok(inventory()));
  expect(bpf.found).toBeUndefined();
  expect(bpf.lastSeen?.id).toBe(7);
  bpf.select(8);
  expect(bpf.lastSeen).toBeUndefined();
});

test('a link may select before anything is known', async () => {
  const { bpf, look } = await looked();
  bpf.select(7);
  await look(ok(inventory({ programs: [program(7)] })));
  expect(bpf.found?.id).toBe(7);
});

test('what is taken as known is newer than a look on its way', async () => {
  const { bpf, api, asked } = await looked(inventory({ programs: [program(1, { is_new: true })] }));
  expect(bpf.changes).toBe(1);
  const looking = bpf.refresh(api);
  const taking = bpf.takeAsKnown(api);
  expect(asked.at(-1)?.name).toBe('bpf.baseline');
  asked.at(-1)?.answer(ok(inventory({ programs: [program(1)] })));
  expect(await taking).toBeUndefined();
  asked.at(-2)?.answer(ok(inventory({ programs: [program(1, { is_new: true })] })));
  await looking;
  expect(bpf.changes).toBe(0);
});

test('why nothing could be taken as known is told', async () => {
  const { bpf, api, asked } = await looked(inventory());
  const taking = bpf.takeAsKnown(api);
  asked.at(-1)?.answer(fail('not_sensing', 'Nothing senses.'));
  expect(await taking).toBe('Nothing senses.');
  expect(bpf.taking).toBe(false);
});

test('maps are not narrowed to what is new', async () => {
  const { bpf } = await looked(inventory());
  bpf.narrow('new');
  bpf.show('maps');
  expect(bpf.filter).toBe('all');
});
