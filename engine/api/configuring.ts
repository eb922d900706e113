/** What faces may do with settings, and what Merlon says of itself. */
import type { Diagnostics, Handlers, RootFacts } from '../../shared/console.ts';
import { ok } from '../../shared/result.ts';
import type { LiveConfig } from '../config/index.ts';
import type { Client } from './client.ts';

export interface ConfiguringOptions {
  readonly config: LiveConfig;
  readonly collect: () => Promise<Diagnostics>;
  readonly explain: () => RootFacts;
}

type ConfigHandlers = Pick<
  Handlers<Client>,
  'config.list' | 'config.set' | 'config.reset' | 'diagnostics.collect' | 'helper.explain'
>;

/** The handlers of the groups `config` and `diagnostics`, and what is said before a password is asked for. */
export function configHandlers({ config, collect, explain }: ConfiguringOptions): ConfigHandlers {
  return {
    'config.list': () => ok(config.list()),
    'config.set': ({ key, value }) => config.set(key, value),
    'config.reset': ({ key }) => config.reset(key),
    'diagnostics.collect': async () => ok(await collect()),
    'helper.explain': () => ok(explain()),
  };
}
