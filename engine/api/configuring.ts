/** What faces may do with settings, and what Merlon says of itself. */
import type { Diagnostics, Handlers, RootFacts } from '../../shared/console.ts';
import { ok } from '../../shared/result.ts';
import type { LiveConfig } from '../config/index.ts';
import type { Self } from '../self.ts';
import type { Client } from './client.ts';

export interface ConfiguringOptions {
  /** What Merlon knows of itself. */
  readonly self: {
    readonly health: Pick<Self['health'], 'now' | 'cost'>;
    readonly capabilities: Pick<Self['capabilities'], 'report' | 'probe'>;
    readonly bpf: Pick<Self['bpf'], 'inventory' | 'baseline'>;
  };
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
  | 'health.cost'
  | 'bpf.inventory'
  | 'bpf.baseline'
  | 'capabilities.get'
  | 'capabilities.probe'
>;

/** The handlers of the groups `config`, `diagnostics`, `health`, `capabilities` and `bpf`, and what is said before a password is asked for. */
export function configHandlers(options: ConfiguringOptions): ConfigHandlers {
  const { config, collect, explain, self } = options;
  return {
    'config.list': () => ok(config.list()),
    'config.set': ({ key, value }) => config.set(key, value),
    'config.reset': ({ key }) => config.reset(key),
    'diagnostics.collect': async () => ok(await collect()),
    'helper.explain': () => ok(explain()),
    'health.get': () => ok(self.health.now),
    'health.cost': () => ok(self.health.cost()),
    'capabilities.get': () => ok(self.capabilities.report),
    'capabilities.probe': () => self.capabilities.probe(),
    'bpf.inventory': () => self.bpf.inventory(),
    'bpf.baseline': () => self.bpf.baseline(),
  };
}
