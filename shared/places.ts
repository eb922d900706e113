/** Where the engine's socket and the database live. Pure: the caller says what the environment is. */

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  /** Whether a folder exists. */
  readonly exists: (path: string) => boolean;
}

/**
 * The engine's socket: `$MERLON_SOCKET`, else `$XDG_RUNTIME_DIR/merlon.sock`, else `/run/user/<uid>/merlon.sock`,
 * else `/tmp/merlon-<uid>/merlon.sock` (that folder must be 0700 and the user's own: the caller checks).
 */
export function socketPath({ env, uid, exists }: Surroundings): string {
  if (env['MERLON_SOCKET']) return env['MERLON_SOCKET'];
  const runtime = env['XDG_RUNTIME_DIR'];
  if (runtime && runtime.startsWith('/') && exists(runtime)) return `${runtime}/merlon.sock`;
  const run = `/run/user/${uid}`;
  if (exists(run)) return `${run}/merlon.sock`;
  return `/tmp/merlon-${uid}/merlon.sock`;
}

/** The database's folder: `$XDG_STATE_HOME/merlon`, else `~/.local/state/merlon`. */
export function dataFolder({ env }: Surroundings, home: string): string {
  const state = env['XDG_STATE_HOME'];
  return state && state.startsWith('/') ? `${state}/merlon` : `${home}/.local/state/merlon`;
}

/** The administrator's settings, for all users of this machine; `$MERLON_SYSTEM_CONFIG` names another file. */
export function systemConfigFile({ env }: Surroundings): string {
  return env['MERLON_SYSTEM_CONFIG'] || '/etc/merlon/merlon.yaml';
}

/** The user's own settings: `$XDG_CONFIG_HOME/merlon/merlon.yaml`, else `~/.config/merlon/merlon.yaml`. */
export function configFile({ env }: Surroundings, home: string): string {
  const config = env['XDG_CONFIG_HOME'];
  return config && config.startsWith('/')
    ? `${config}/merlon/merlon.yaml`
    : `${home}/.config/merlon/merlon.yaml`;
}

/** The environment of a program that must neither read nor change this user's settings: of a test, in a folder of its own. */
export const ownConfig = (folder: string) => ({
  XDG_CONFIG_HOME: `${folder}/config`,
  MERLON_SYSTEM_CONFIG: `${folder}/system.yaml`,
});
