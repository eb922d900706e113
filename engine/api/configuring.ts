/** What faces may do with settings, and what Merlon says of itself. */
import type { Diagnostics, Handlers, Health, RootFacts } from '../../shared/console.ts';
import { ok } from '../../shared/result.ts';
import type { Capabilities } from '../capabilities/index.ts';
import type { LiveConfig } from '../config/index.ts';
import type { Client } from './client.ts';

export interface ConfiguringOptions {
  readonly health: () => Health;
  readonly capabilities: Pick<Capabilities, 'report' | 'probe'>;
  readonly config: LiveConfig;
  readonly collect: () => Promise<Diagnostics>;
  readonly explain: () => RootFacts;
}

type ConfigHandlers = Pick<
  Handlers<Client>,
  | 'config.list'
  | 'config.set'
  | 'config.reset'
  | 'diagnostics.collect'
  | 'helper.explain'
  | 'health.get'
  | 'capabilities.get'
  | 'capabilities.probe'
>;

/** The handlers of the groups `config`, `diagnostics` and `capabilities`, and what is said before a password is asked for. */
export function configHandlers(options: ConfiguringOptions): ConfigHandlers {
  const { config, collect, explain, health, capabilities } = options;
  return {
    'config.list': () => ok(config.list()),
    'config.set': ({ key, value }) => config.set(key, value),
    'config.reset': ({ key }) => config.reset(key),
    'diagnostics.collect': async () => ok(await collect()),
    'helper.explain': () => ok(explain()),
    'health.get': () => ok(health()),
    'capabilities.get': () => ok(capabilities.report),
    'capabilities.probe': () => capabilities.probe(),
  };
}
