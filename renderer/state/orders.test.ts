import { expect, test, vi } from 'vitest';
import type { HostOrder } from '../../shared/host.ts';
import type { Command } from './commands.svelte.ts';
import { followOrders } from './orders.ts';

/** A page with these commands. @returns what gives it an order, and where it went. */
function page(...all: readonly Command[]) {
  let order: (given: HostOrder) => void = () => undefined;
  const go = vi.fn();
  const on = (_name: string, listener: (value: never) => void) => {
    order = (given) => listener(given as never);
    return () => undefined;
  };
  followOrders({ on } as never, { all }, { go });
  return { order: (given: HostOrder) => order(given), go };
}
const command = (enabled: boolean) => ({
  id: 'go.back',
  title: 'Back',
  group: 'Go to',
  enabled: () => enabled,
  run: vi.fn(),
});

test('a command that can be done is done, and no other', () => {
  const able = command(true);
  page(able).order({ command: 'go.back' });
  expect(able.run).toHaveBeenCalledOnce();
  const unable = command(false);
  page(unable).order({ command: 'go.back' });
  page(unable).order({ command: 'go.settings' });
  expect(unable.run).not.toHaveBeenCalled();
});

test('an address that is a place is gone to', () => {
  const { order, go } = page();
  order({ open: '#/process/a.b' });
  order({ open: '#/nowhere' });
  expect(go.mock.calls).toEqual([[{ screen: 'process', entityId: 'a.b' }]]);
});
