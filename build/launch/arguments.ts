import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { dataFolder } from '../../shared/places.ts';

export interface Arguments {
  readonly open: boolean;
  readonly port: number;
  /** Whether the person named a port: then a web page is wanted, whatever else opens. */
  readonly portNamed: boolean;
  readonly data: string;
  readonly dataNamed: boolean;
  readonly dev: boolean;
  /** Flags for the engine, as given: it says what is wrong with their values. */
  readonly keep: readonly string[];
  /** What other flags say about settings, so that the engine knows and shows it. */
  readonly settings: readonly string[];
}

/** build/start.mjs has checked them already and says what is wrong with them. */
export function readArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'no-open': { type: 'boolean' },
      port: { type: 'string' },
      data: { type: 'string' },
      dev: { type: 'boolean' },
      'keep-days': { type: 'string' },
      'keep-gib': { type: 'string' },
      'free-when-full': { type: 'boolean' },
    },
  });
  const keep = (['keep-days', 'keep-gib'] as const).flatMap((flag) => {
    const value = values[flag];
    return value === undefined ? [] : [`--${flag}`, value];
  });
  const surroundings = { env: process.env, uid: process.getuid?.() ?? 0, exists: () => false };
  // npm runs scripts in the clone's folder; a relative folder is meant from where the person stands.
  const from = process.env['INIT_CWD'] ?? process.cwd();
  return {
    open: values['no-open'] !== true,
    port: Number(values.port ?? '0'),
    portNamed: values.port !== undefined,
    data: values.data === undefined ? dataFolder(surroundings, homedir()) : resolve(from, values.data),
    dataNamed: values.data !== undefined,
    dev: values.dev === true,
    keep: values['free-when-full'] === true ? [...keep, '--free-when-full'] : keep,
    settings: [
      ...(values['no-open'] === true ? ['--set', 'console.open_at_start=no'] : []),
      ...(values.port === undefined ? [] : ['--set', `console.port=${Number(values.port)}`]),
    ],
  };
}
