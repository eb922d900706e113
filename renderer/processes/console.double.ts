/** For tests: an engine that answers what a test tells it to, and keeps what it was asked. */
import type { Console, LiveEvents, ProcessSummary } from '../../shared/console.ts';
import type { EventFields } from '../../shared/event.ts';
import { fail, ok } from '../../shared/result.ts';

type Answers = Record<string, (input: never) => unknown>;

export class ConsoleDouble {
  readonly asked: { readonly name: string; readonly input: unknown }[] = [];
  readonly answers: Answers;
  readonly #live = new Set<(live: LiveEvents) => void>();
  readonly #closers = new Set<() => void>();

  constructor(answers: Answers) {
    this.answers = { 'events.subscribe': () => ({ subscription: 7, from: null }), ...answers };
  }

  get api(): Console {
    return {
      request: async (name: string, input: unknown) => {
        this.asked.push({ name, input });
        const answer = this.answers[name];
        return answer === undefined ? fail('not_found', 'There is none.') : ok(answer(input as never));
      },
      on: (name: string, listener: (value: never) => void) => {
        if (name === 'events.live') this.#live.add(listener as (live: LiveEvents) => void);
        return () => undefined;
      },
      onClose: (listener: () => void) => {
        this.#closers.add(listener);
        return () => this.#closers.delete(listener);
      },
    } as unknown as Console;
  }

  tell(fields: EventFields, more: Partial<LiveEvents> = {}): void {
    const live = { subscription: 7, events: [{ cursor: '1.1.1', fields }], ...more };
    for (const listener of this.#live) listener(live);
  }

  hangUp(): void {
    for (const closer of this.#closers) closer();
  }

  count(name: string): number {
    return this.asked.filter((each) => each.name === name).length;
  }
}

export function makeSummary(pid: number, parent = 0, more: Partial<ProcessSummary> = {}): ProcessSummary {
  return {
    entity_id: `e${pid}`,
    pid,
    ppid: parent,
    parent_entity_id: parent === 0 ? null : `e${parent}`,
    name: `p${pid}`,
    executable: `/bin/p${pid}`,
    command_line: null,
    user: 'alex',
    start: pid,
    end: null,
    exit_code: null,
    signal: null,
    container: null,
    unit: null,
    ...more,
  };
}
