/**
 * Between the page and its engine: makes a small store look like a long search, and a sound one troubled. What the page
 * asks and gets is otherwise the engine's own.
 */
import type { Page } from '@playwright/test';
import * as v from 'valibot';
import type { Searched, Status } from '../../shared/console.ts';
import { parseWireMessage, parseWireRequest } from '../../shared/console.ts';

const page = v.object({ events: v.array(v.unknown()), next: v.optional(v.string()) });
const asked = v.object({ query: v.string(), before: v.optional(v.string()) });

export interface Between {
  /** The `events.page` requests that the page has sent, oldest first. */
  readonly asked: readonly { readonly query: string; readonly before?: string | undefined }[];
  /** Lets this many more answers of a long search through. */
  letThrough(answers: number): void;
  /** From now on the engine says this of its store. */
  storeIs(store: Partial<Status['store']>): void;
}

/**
 * @param long which queries search long: they give nothing, and say how far they came, until `turns` answers were let
 *   through; then the engine's own answer.
 */
export async function standBetween(
  browser: Page,
  long: { readonly query: RegExp; readonly turns: number; readonly of: number; readonly reached: number },
): Promise<Between> {
  const requests: v.InferOutput<typeof asked>[] = [];
  const held: (() => void)[] = [];
  let credit = 0;
  let store: Partial<Status['store']> = {};
  let tell: (status: unknown) => void = () => undefined;
  let latest: Status | undefined;
  const changed = (status: Status) => ({ ...status, store: { ...status.store, ...store } });

  await browser.routeWebSocket('**/ws', (socket) => {
    const server = socket.connectToServer();
    const names = new Map<number, string>();
    const turns = new Map<string, number>();
    tell = (status) => socket.send(JSON.stringify({ notice: 'status.changed', value: status }));

    socket.onMessage((text) => {
      const request = parseWireRequest(JSON.parse(String(text)));
      names.set(request.id, request.request);
      if (request.request !== 'events.page') return server.send(text);
      const input = v.parse(asked, request.input);
      requests.push(input);
      const turn = turns.get(input.query) ?? 0;
      if (!long.query.test(input.query) || turn >= long.turns) {
        // Places that this made up are nobody's: the search begins anew.
        const { before: _, ...whole } = v.parse(v.looseObject({}), request.input);
        const real = input.before?.startsWith('0.') === true ? { ...request, input: whole } : request;
        return server.send(JSON.stringify(real));
      }
      const answer = () => {
        turns.set(input.query, turn + 1);
        const left = long.of - (turn * long.of) / (long.turns + 1);
        const searched: Searched = {
          events: long.of / (long.turns + 1),
          of: left,
          reached: long.reached - turn * 3600e3,
        };
        const value = { events: [], next: `0.0.${long.turns - turn}`, searched };
        socket.send(JSON.stringify({ id: request.id, ok: true, value }));
      };
      if (credit > 0) {
        credit -= 1;
        answer();
      } else {
        held.push(answer);
      }
    });

    server.onMessage((text) => {
      const message = parseWireMessage(JSON.parse(String(text)));
      if ('notice' in message) {
        if (message.notice !== 'status.changed') return socket.send(text);
        latest = message.value as Status;
        return tell(changed(latest));
      }
      if (message.ok && names.get(message.id) === 'status.get') {
        latest = message.value as Status;
        return socket.send(JSON.stringify({ ...message, value: changed(latest) }));
      }
      if (message.ok && names.get(message.id) === 'events.page') v.parse(page, message.value);
      socket.send(text);
    });
  });

  return {
    asked: requests,
    letThrough: (answers) => {
      for (let i = 0; i < answers; i += 1) {
        const answer = held.shift();
        if (answer === undefined) credit += 1;
        else answer();
      }
    },
    storeIs: (now) => {
      store = now;
      if (latest !== undefined) tell(changed(latest));
    },
  };
}
