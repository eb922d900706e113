/** merlon stop: end the engine, and with it the helper and every face. */
import { ask, CommandError, EXIT, json, readArgs, type Command } from './command.ts';

const PATIENCE_MS = 20_000;

export const stop: Command = {
  name: 'stop',
  about: 'detach the sensors and end the engine',
  help: `merlon stop [--json]

Detaches the sensors, stores what is under way and ends the engine. Waits until it has ended.
  --json   prints {"stopped":true}
`,
  prepare(args) {
    const { values } = readArgs('stop', args, { json: { type: 'boolean' } });
    return async ({ console, out }) => {
      let timer: NodeJS.Timeout | undefined;
      const gone = new Promise<boolean>((resolve) => {
        console.onClose(() => resolve(true));
        timer = setTimeout(() => resolve(false), PATIENCE_MS);
      });
      const reply = await console.request('engine.stop', {});
      // The engine may be gone before its answer is read; that is what was asked for.
      if (!reply.ok && reply.error.code !== 'disconnected') await ask(console, 'engine.stop', {});
      const ended = await gone;
      clearTimeout(timer);
      if (!ended) {
        throw new CommandError(
          EXIT.failed,
          `The engine has not ended after ${PATIENCE_MS / 1000} s; it may still be storing.`,
        );
      }
      await out.write(values.json ? json({ stopped: true }) : 'Merlon has stopped.\n');
    };
  },
};
