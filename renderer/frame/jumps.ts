/** What a text in the command menu could mean besides a command. */
import { parseQuery } from '../../shared/query.ts';
import type { Command } from '../state/commands.svelte.ts';
import type { Connection } from '../state/connection.svelte.ts';
import { parseHref, router, type Route, type ScreenName } from '../state/route.svelte.ts';
import { toasts } from '../state/toasts.svelte.ts';

const GROUP = 'Open';

/**
 * @param connection asks which process has a pid.
 * @param has whether this console has a screen.
 */
export function jumpsOf(connection: Connection, has: (screen: ScreenName) => boolean) {
  const jump = (id: string, title: string, to: Route): Command => ({
    id,
    title,
    group: GROUP,
    run: () => router.go(to),
  });

  return (text: string): readonly Command[] => {
    if (text === '') return [];
    const address = parseHref(text.slice(Math.max(0, text.indexOf('#/'))));
    if (address !== undefined && has(address.screen))
      return [jump('sure.address', 'Open this address', address)];
    const jumps: Command[] = [];
    const pid = /^(?:(?:process|pid)\s+)?(\d{1,10})$/iu.exec(text)?.[1];
    if (pid !== undefined) {
      const run = () => void openProcess(connection, Number(pid), has('process'));
      jumps.push({ id: 'sure.process', title: `Open process ${pid}`, group: GROUP, run });
    }
    if (parseQuery(text).ok) {
      const plain = /[:<>=]/u.test(text);
      const id = plain ? 'sure.query' : 'query';
      jumps.push(jump(id, `Show events that match “${text}”`, { screen: 'feed', query: text }));
    }
    if (has('processes')) {
      jumps.push(jump('processes', `Look for “${text}” in processes`, { screen: 'processes', search: text }));
    }
    return jumps;
  };
}

/** The newest process that had the pid: its page; where there is none yet, its events. */
async function openProcess(connection: Connection, pid: number, hasPage: boolean): Promise<void> {
  if (!hasPage) return router.go({ screen: 'feed', query: `process.pid:${pid}` });
  const reply = await connection.api?.request('processes.tree', { pid });
  if (reply === undefined) return toasts.fail('Merlon’s engine does not answer. What it stored is safe.');
  if (reply.ok) return router.go({ screen: 'process', entityId: reply.value.process.entity_id });
  if (reply.error.code !== 'not_found') return toasts.fail(reply.error.message);
  toasts.fail(`No process with the pid ${pid} runs, and none that ran lately is known.`);
}
