/** merlon open: a link to the console, opened where there is a display. */
import { spawn } from 'node:child_process';
import { ask, json, readArgs, type Command } from './command.ts';

export const open: Command = {
  name: 'open',
  about: 'open the console, or print a link to it',
  help: `merlon open [--print] [--json]

Opens the console in the browser; without a display it prints a link. The link works once, for two minutes.
  --print  print the link even where there is a display
  --json   prints {"url":…}
`,
  prepare(args) {
    const { values } = readArgs('open', args, { print: { type: 'boolean' }, json: { type: 'boolean' } });
    return async ({ console, out }) => {
      const { url } = await ask(console, 'console.link', {});
      if (values.json) return out.write(json({ url }));
      const display = process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY'];
      if (!values.print && display && (await handOver(url)))
        return out.write('The console is open in your browser.\n');
      return out.write(`${url}\n`);
    };
  },
};

/** @returns whether the desktop took the link. */
function handOver(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('xdg-open', [url], { stdio: 'ignore', detached: true });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
    child.unref();
  });
}
