/** How the engine is started, by whoever does: `npm start`, the tests and the benches alike. */

/** V8's own settings. */
const V8_FLAGS: readonly string[] = [
  '--max-semi-space-size=8',
  '--heap-growing-percent=60',
  '--no-parallel-scavenge',
];

/** What follows Node on the command line. @param script the engine's index. @param flags the engine's own. */
export function engineArgv(script: string, flags: readonly string[]): string[] {
  return [...V8_FLAGS, script, ...flags];
}
