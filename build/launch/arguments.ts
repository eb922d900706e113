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
    },
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
  };
}
