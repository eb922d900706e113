import type { Console } from '../../shared/console.ts';
import { commands, type Commands } from './commands.svelte.ts';
import { parseHref, router, type Router } from './route.svelte.ts';

/**
 * Carries out what was chosen in a native menu or followed from outside. A command that does not exist here, or
 * cannot be done now, and an address that is no place, do nothing.
 * @returns a function that stops it.
 */
export function followOrders(
  api: Pick<Console, 'on'>,
  of: Pick<Commands, 'all'> = commands,
  to: Pick<Router, 'go'> = router,
): () => void {
  return api.on('console.go', (order) => {
    if ('open' in order) {
      const route = parseHref(order.open);
      if (route !== undefined) to.go(route);
      return;
    }
    const command = of.all.find(({ id }) => id === order.command);
    if (command !== undefined && (command.enabled?.() ?? true)) command.run();
  });
}
