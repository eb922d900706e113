import { expect, test } from 'vitest';
import type { CapabilityReport } from '../../shared/capabilities.ts';
import type { Console } from '../../shared/console.ts';
import { fail, ok } from '../../shared/result.ts';
import { Capabilities } from './capabilities.svelte.ts';
import { report } from './report.double.ts';

type Answer = ReturnType<typeof fail> | ReturnType<typeof ok<CapabilityReport>>;

/** An engine whose answers a test gives one by one. */
function engine() {
  const asked: { name: string; answer: (answer: Answer) => void }[] = [];
  let told: (report: CapabilityReport) => void = () => {};
  const api = {
    request: (name: string) => new Promise<Answer>((answer) => asked.push({ name, answer })),
    on: (_name: string, listener: typeof told) => {
      told = listener;
      return () => {};
    },
  } as unknown as Console;
  return { api, asked, tell: (news: CapabilityReport) => told(news) };
}

const newer = report({ summary: 'Newer.' });

test('is asked once over a connection, and then told', async () => {
  const { api, asked, tell } = engine();
  const capabilities = new Capabilities();
  capabilities.follow(api);
  const asking = [capabilities.ask(api), capabilities.ask(api)];
  expect(asked).toHaveLength(1);
  asked[0]?.answer(ok(report()));
  await Promise.all(asking);
  expect(capabilities.report).toEqual(report());
  tell(newer);
  expect(capabilities.report).toEqual(newer);
});

test('an answer does not replace what was told meanwhile', async () => {
  const { api, asked, tell } = engine();
  const capabilities = new Capabilities();
  capabilities.follow(api);
  const asking = capabilities.ask(api);
  tell(newer);
  asked[0]?.answer(ok(report()));
  await asking;
  expect(capabilities.report).toEqual(newer);
});

test('a refusal is said, and can be asked again', async () => {
  const { api, asked } = engine();
  const capabilities = new Capabilities();
  const first = capabilities.ask(api);
  asked[0]?.answer(fail('failed', 'It cannot be read.'));
  await first;
  expect(capabilities.problem).toBe('It cannot be read.');
  const second = capabilities.ask(api);
  asked[1]?.answer(ok(report()));
  await second;
  expect([capabilities.problem, capabilities.report]).toEqual([undefined, report()]);
});

test('an engine that goes away is no problem of its own', async () => {
  const { api, asked } = engine();
  const capabilities = new Capabilities();
  const asking = capabilities.ask(api);
  asked[0]?.answer(fail('disconnected', 'It ended.'));
  await asking;
  expect(capabilities.problem).toBeUndefined();
});

test('a probe is under way once; what failed leaves the report as it was', async () => {
  const { api, asked, tell } = engine();
  const capabilities = new Capabilities();
  capabilities.follow(api);
  tell(report());
  const probing = capabilities.probe(api);
  void capabilities.probe(api);
  expect([capabilities.probing, asked.length]).toEqual([true, 1]);
  asked[0]?.answer(fail('probe_failed', 'The helper ended.', 'SIGSYS'));
  await probing;
  expect(capabilities.probing).toBe(false);
  expect(capabilities.failure).toMatchObject({ message: 'The helper ended.', detail: 'SIGSYS' });
  expect(capabilities.report).toEqual(report());
  const again = capabilities.probe(api);
  asked[1]?.answer(ok(newer));
  await again;
  expect([capabilities.failure, capabilities.report]).toEqual([undefined, newer]);
});

test('rows are opened and closed', () => {
  const capabilities = new Capabilities();
  capabilities.toggle('deny_exec');
  capabilities.toggle('deny_file');
  capabilities.toggle('deny_exec');
  expect([...capabilities.opened]).toEqual(['deny_file']);
});
